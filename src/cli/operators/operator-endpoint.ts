import type { z } from 'zod'
import type { Problem } from '../../config/problem.ts'
import { shorten } from '../../config/quoting.ts'
import type { Environment } from '../../config/sources.ts'
import { KillReply, killPath, type ProcessAddress, ShownState, statePath } from '../../gateway/operator-schemas.ts'
import { shownUrl } from '../../protocol/shown-url.ts'
import { urlVariable } from '../gateway-url.ts'
import { defaultOperatorUrl } from '../tool-table.ts'

/** How long a gateway may take to answer. */
const patienceMs = 10_000
/** Longest answer that is read: a state with a thousand of the longest ids has less. */
const maxAnswerBytes = 16 * 1024 * 1024
/** Longest refusal that is repeated. */
const maxRefusalBytes = 4096

/** The answer that was hoped for did not come; the message is a sentence for a person. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
}

/** A gateway as its operators reach it. */
export class OperatorEndpoint {
  readonly #base: string
  readonly #maxAnswerMs: number

  private constructor(base: string, maxAnswerMs: number) {
    this.#base = base
    this.#maxAnswerMs = maxAnswerMs
  }

  /** By `--url`, else `EXECGATE_URL`, else on the default port. Clients' `ws:` URLs will do: on loopback it is the same port. */
  static named(
    flag: string | undefined,
    environment: Environment,
    maxAnswerMs = patienceMs,
  ): OperatorEndpoint | Problem {
    const source = flag === undefined ? urlVariable : '--url'
    const text = flag ?? (environment[urlVariable] || defaultOperatorUrl)
    const url = URL.parse(text)
    if (url !== null && (url.username !== '' || url.password !== '')) {
      return { problem: `${source}: a user and a password have no place there, write http://IP:PORT` }
    }
    if (url === null || !/^(?:http|ws)s?:$/.test(url.protocol)) {
      return { problem: `${source}: \`${shorten(shownUrl(text))}\` is not http://IP:PORT` }
    }
    return new OperatorEndpoint(`${url.protocol.replace('ws', 'http')}//${url.host}`, maxAnswerMs)
  }

  /** @throws OperatorError */
  async state(): Promise<ShownState> {
    return await this.#ask(statePath, ShownState)
  }

  /** @throws OperatorError */
  async kill(processes: readonly ProcessAddress[]): Promise<KillReply> {
    return await this.#ask(killPath, KillReply, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ processes }),
    })
  }

  async #ask<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    request: RequestInit = {},
  ): Promise<z.output<Schema>> {
    const response = await this.#fetch(path, request)
    if (!response.ok) throw new OperatorError(await this.#refusal(path, response))
    const answer = schema.safeParse(parseJson(await this.#read(response, maxAnswerBytes)))
    if (!answer.success) throw new OperatorError(`what answers at ${this.#base} is no gateway of this version`)
    return answer.data
  }

  async #fetch(path: string, request: RequestInit): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(this.#maxAnswerMs)
      return await fetch(this.#base + path, { ...request, redirect: 'error', signal })
    } catch (error) {
      throw this.#failure(error)
    }
  }

  async #refusal(path: string, response: Response): Promise<string> {
    if (response.status === 404) {
      await response.body?.cancel()
      return (
        `${this.#base} serves no operators (${path}: 404); a gateway that listens beyond loopback serves them on ` +
        'http://127.0.0.1:9464, and exec-server only with --admin-listen'
      )
    }
    const said = (await this.#read(response, maxRefusalBytes)).trim()
    return `the gateway at ${this.#base} refuses: ${said === '' ? `status ${response.status}` : shorten(said)}`
  }

  async #read(response: Response, maxBytes: number): Promise<string> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    try {
      for await (const chunk of response.body ?? []) {
        bytes += chunk.length
        if (bytes > maxBytes) throw new OperatorError(`${this.#base} answers with more than ${maxBytes} bytes`)
        chunks.push(chunk)
      }
    } catch (error) {
      throw error instanceof OperatorError ? error : this.#failure(error)
    }
    return Buffer.concat(chunks).toString()
  }

  #failure(error: unknown): OperatorError {
    return new OperatorError(`no gateway answers at ${this.#base}: ${this.#reasonOf(error)}`, { cause: error })
  }

  /** `fetch` hides why it failed in the cause, which for a name of several addresses has an error for each of them. */
  #reasonOf(error: unknown): string {
    if (!(error instanceof Error)) return String(error)
    if (error instanceof AggregateError) return error.errors.map(each => this.#reasonOf(each)).join(', ')
    if (error.name === 'TimeoutError') return `it has been silent for ${this.#maxAnswerMs} ms`
    return error.cause === undefined ? error.message : this.#reasonOf(error.cause)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
