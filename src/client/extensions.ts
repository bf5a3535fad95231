import { GatewayError } from '../protocol/gateway-error.ts'

/** @throws GatewayError `unsupported`, before anything is sent, where the server does not announce the addition */
export function requireExtension(announced: readonly string[], name: string, what: string): void {
  if (announced.includes(name)) return
  throw new GatewayError('unsupported', `this server cannot ${what}: it does not announce \`${name}\``)
}
