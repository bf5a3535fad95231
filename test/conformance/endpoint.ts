import { fileURLToPath } from 'node:url'
import { startGateway } from '../support/start-gateway.ts'
import { isObject, type Json } from './patterns.ts'
import type { Endpoint } from './run-transcript.ts'
import type { Dialect, Transcript } from './transcript.ts'
import { openProgram, openWebSocket, type Wire } from './wire.ts'

/** The server transcripts are held against: one that runs somewhere, or gateways of this process. */
export interface Target {
  readonly dialect: Dialect
  /** Why a transcript cannot be held against it. */
  objectionTo(transcript: Transcript): string | undefined
  open(transcript: Transcript): Promise<OpenEndpoint>
}

export interface OpenEndpoint extends Endpoint, AsyncDisposable {
  /** Where it listens; empty when it speaks on standard streams. */
  readonly url: string
}

const launcher = fileURLToPath(new URL('../../bin/execgate.js', import.meta.url))

/** Gateways in this process, each with the settings its transcript asks for; the launcher for standard streams. */
const inProcess: Target = {
  dialect: 'execgate',
  objectionTo: ({ only }) => (only === 'reference' ? 'the reference server only' : undefined),
  open: async ({ settings = {}, transport }) => {
    if (transport === 'stdio')
      return programEndpoint([process.execPath, launcher, 'exec-server', '--listen', 'stdio'], 'execgate')
    const { environment, ...limits } = settings
    const gateway = await startGateway({
      limits,
      ...(environment && { inherited: new Map(Object.entries(environment)) }),
    })
    return {
      dialect: 'execgate',
      url: gateway.url,
      connect: () => openWebSocket(gateway.url),
      [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
    }
  },
}

/**
 * What `EXECGATE_CONFORMANCE_TARGET`, a URL, and `EXECGATE_CONFORMANCE_PROGRAM`, a JSON list of words, name; without them
 * gateways in this process.
 */
export async function targetOf(variables: Readonly<Record<string, string | undefined>>): Promise<Target> {
  const { EXECGATE_CONFORMANCE_TARGET: url, EXECGATE_CONFORMANCE_PROGRAM: program } = variables
  if (url === undefined) return inProcess
  return foreignTarget(url, program === undefined ? undefined : (JSON.parse(program) as string[]))
}

/**
 * A server that is running already.
 * @param program its command for standard streams, if it has one
 */
async function foreignTarget(url: string, program: readonly string[] | undefined): Promise<Target> {
  const dialect = await dialectOf(url)
  return {
    dialect,
    objectionTo: ({ only, settings, transport }) => {
      if (only !== undefined && only !== dialect) return `${only} only`
      if (settings !== undefined) return 'needs a server with settings of its own'
      if (transport === 'stdio' && program === undefined) return 'needs the command of the program'
      return undefined
    },
    open: async ({ transport }) => {
      if (transport === 'stdio' && program !== undefined) return programEndpoint(program, dialect)
      return { dialect, url, connect: () => openWebSocket(url), [Symbol.asyncDispose]: async () => {} }
    },
  }
}

function programEndpoint(program: readonly string[], dialect: Dialect): OpenEndpoint {
  return { dialect, url: '', connect: async () => openProgram(program), [Symbol.asyncDispose]: async () => {} }
}

/** Only the reference server names the build of its program. */
async function dialectOf(url: string): Promise<Dialect> {
  await using wire: Wire = await openWebSocket(url)
  wire.send('{"id":1,"method":"initialize","params":{"clientName":"conformance"}}')
  const reply: Json = await wire.inbox.until('the reply to initialize', () => wire.inbox.messages[0]?.value)
  const result = isObject(reply) ? reply['result'] : undefined
  const info = isObject(result) ? result['environmentInfo'] : undefined
  return isObject(info) && info['providerId'] !== undefined ? 'reference' : 'execgate'
}
