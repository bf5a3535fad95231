import type { Environment } from '../config/sources.ts'

/** Names the gateway for every command that talks to one. */
export const urlVariable = 'EXECGATE_URL'

const defaultUrl = 'ws://127.0.0.1:7777'

/** Of the flag that names it for clients. */
export const gatewayUrlHelp = `The gateway, ws:// or wss://. Default: the variable ${urlVariable}, else ${defaultUrl}.`

/** The gateway of clients when no flag names one; an empty variable is none. */
export function usualGatewayUrl(environment: Environment): string {
  return environment[urlVariable] || defaultUrl
}
