import path from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import type { Server } from '../client/execgate-client.ts'
import type { Problem } from '../config/problem.ts'
import { printable } from '../config/quoting.ts'
import { shownUrl } from '../protocol/shown-url.ts'

/** The environment in this program. */
export const localId = 'local'

const maxIdLength = 64
const maxTimeoutSeconds = 3600

/** A server and how long to wait for it. */
export interface RemoteServer {
  readonly server: Server
  /** For one connection to come about, of servers with a URL. Default 10 s. */
  readonly connectTimeoutMs?: number
  /** For the handshake. Default 10 s. */
  readonly handshakeTimeoutMs?: number
  /** Sent with the upgrade, to servers with a URL. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Which environments there are. */
export interface EnvironmentsPlan {
  /** The one that is used when none is named; undefined when there is none. */
  readonly defaultId: string | undefined
  readonly includesLocal: boolean
  readonly remotes: ReadonlyMap<string, RemoteServer>
}

const timeoutSeconds = z.number().positive().max(maxTimeoutSeconds)

const entrySchema = z.strictObject({
  id: z.string(),
  /** For other programs that read the same file. */
  skills: z.unknown().optional(),
  url: z.string().optional(),
  auth_bearer_token: z.string().optional(),
  program: z.string().optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().optional(),
  connect_timeout_sec: timeoutSeconds.optional(),
  initialize_timeout_sec: timeoutSeconds.optional(),
})

const fileSchema = z.strictObject({
  default: z.string().optional(),
  include_local: z.boolean().default(true),
  environments: z.array(entrySchema).max(1000).default([]),
})

type Entry = z.infer<typeof entrySchema>

/** Something is wrong with what the file says; the message is for whoever wrote it. */
class Mistake extends Error {}

/**
 * Reads `environments.toml`:
 *
 * ```toml
 * default = "build"        # or "none"; omitted: local, where that is included
 * include_local = true
 * [[environments]]
 * id = "build"
 * url = "ws://10.0.0.7:7777"
 * connect_timeout_sec = 5.0
 * [[environments]]
 * id = "box"
 * program = "ssh"
 * args = ["box", "execgate", "exec-server", "--listen", "stdio"]
 * ```
 *
 * Relative paths of `cwd` begin at `folder`, that of the file.
 */
export function readEnvironmentsFile(text: string, folder: string): EnvironmentsPlan | Problem {
  try {
    return planOf(fileSchema.parse(parse(text)), folder)
  } catch (error) {
    return { problem: `environments.toml: ${reasonOf(error)}` }
  }
}

/** The plan of a single URL: the environment `remote`, or with `none` no environment at all. */
export function planForUrl(url: string | undefined): EnvironmentsPlan | Problem {
  const given = url?.trim() ?? ''
  if (given === '') return { defaultId: localId, includesLocal: true, remotes: new Map() }
  if (isNone(given)) return { defaultId: undefined, includesLocal: false, remotes: new Map() }
  try {
    return { defaultId: 'remote', includesLocal: false, remotes: new Map([['remote', { server: checkedUrl(given) }]]) }
  } catch (error) {
    return { problem: reasonOf(error) }
  }
}

/** What is wrong with the id of a remote environment. */
export function idProblem(id: string): string | undefined {
  if (id.trim() === '') return 'environment id cannot be empty'
  const quoted = `environment id \`${printable(id)}\``
  if (id !== id.trim()) return `${quoted} must not contain surrounding whitespace`
  if (id === localId || isNone(id)) return `${quoted} is reserved`
  if (id.length > maxIdLength) return `${quoted} cannot be longer than ${maxIdLength} characters`
  return /^[\w-]+$/.test(id) ? undefined : `${quoted} must contain only ASCII letters, numbers, '-' or '_'`
}

function planOf(file: z.infer<typeof fileSchema>, folder: string): EnvironmentsPlan {
  const remotes = new Map<string, RemoteServer>()
  for (const entry of file.environments) {
    const problem = idProblem(entry.id)
    if (problem !== undefined) throw new Mistake(problem)
    if (remotes.has(entry.id)) throw new Mistake(`environment id \`${entry.id}\` is duplicated`)
    remotes.set(entry.id, remoteOf(entry, folder))
  }
  const includesLocal = file.include_local
  return { defaultId: defaultOf(file.default, includesLocal, remotes), includesLocal, remotes }
}

function defaultOf(
  given: string | undefined,
  includesLocal: boolean,
  remotes: ReadonlyMap<string, RemoteServer>,
): string | undefined {
  if (given === undefined) return includesLocal ? localId : undefined
  const id = given.trim()
  if (id === '') throw new Mistake('default environment id cannot be empty')
  if (isNone(id)) return undefined
  if (!remotes.has(id) && !(includesLocal && id === localId)) {
    throw new Mistake(`default environment \`${printable(id)}\` is not configured`)
  }
  return id
}

function remoteOf(entry: Entry, folder: string): RemoteServer {
  const named = `environment \`${entry.id}\``
  const { url, program, args, env, cwd, connect_timeout_sec: connectSeconds } = entry
  if ((url === undefined) === (program === undefined)) {
    throw new Mistake(`${named} must set exactly one of url or program`)
  }
  const handshake = entry.initialize_timeout_sec
  const handshakeTimeoutMs = handshake === undefined ? {} : { handshakeTimeoutMs: handshake * 1000 }
  if (url !== undefined) {
    if (args !== undefined || env !== undefined || cwd !== undefined) {
      throw new Mistake(`${named} args, env, and cwd require program`)
    }
    const connect = connectSeconds === undefined ? {} : { connectTimeoutMs: connectSeconds * 1000 }
    return { server: checkedUrl(url), ...connect, ...handshakeTimeoutMs, ...authorization(entry) }
  }
  if (entry.auth_bearer_token !== undefined) throw new Mistake(`${named} auth_bearer_token requires url`)
  const command = program?.trim() ?? ''
  if (command === '') throw new Mistake(`${named} program cannot be empty`)
  if (connectSeconds !== undefined) throw new Mistake(`${named} connect_timeout_sec requires url`)
  const place = cwd === undefined ? {} : { cwd: path.resolve(folder, cwd) }
  return { server: { command, args: args ?? [], env: env ?? {}, ...place }, ...handshakeTimeoutMs }
}

/** RFC 6750 section 2.1. The token itself is not repeated in messages. */
function authorization({ id, auth_bearer_token: token }: Entry): Pick<RemoteServer, 'headers'> {
  if (token === undefined) return {}
  const trimmed = token.trim()
  if (!/^[\w.~+/-]+=*$/.test(trimmed)) throw new Mistake(`environment \`${id}\` auth_bearer_token is no bearer token`)
  return { headers: { authorization: `Bearer ${trimmed}` } }
}

function checkedUrl(text: string): string {
  const url = text.trim()
  if (url === '') throw new Mistake('environment url cannot be empty')
  const shown = printable(shownUrl(url))
  if (!/^wss?:\/\//.test(url)) throw new Mistake(`environment url \`${shown}\` must use ws:// or wss://`)
  if (!URL.canParse(url)) throw new Mistake(`environment url \`${shown}\` is invalid: it cannot be parsed`)
  return url
}

function isNone(text: string): boolean {
  return text.trim().toLowerCase() === 'none'
}

/** One line. The parsers add excerpts and lists. */
function reasonOf(error: unknown): string {
  if (error instanceof Mistake) return error.message
  if (error instanceof TomlError) {
    const [first = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    return `line ${error.line}, column ${error.column}: ${printable(first)}`
  }
  if (error instanceof z.ZodError) {
    const [issue] = error.issues
    return printable(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not understood'}`)
  }
  throw error
}
