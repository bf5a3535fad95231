import { Client, type Dispatcher } from 'undici'
import type { Connector } from './connectors.ts'
import { hostOf } from './host-list.ts'

/** Headers of a response, as much as the HTTP library of the reference accepts. */
const maxHeaderBytes = 408 * 1024

/** Body of one response that waits to be passed on. What has collected is passed on in one piece. */
const readAheadBytes = 128 * 1024

/** How long a connection waits for its next request, if the server does not say less. */
export const idleMs = 15_000

/** A request as it is written on a connection. */
export interface WireRequest {
  readonly path: string
  readonly method: string
  readonly headers: Map<string, string | string[]>
  readonly body: Buffer | null
  /** Whether the connection is to be closed after it, and the server told so. */
  readonly isLast: boolean
  readonly signal: AbortSignal
}

/** A connection to one origin, for one request after the other. Connects when it is needed. */
export class HttpConnection {
  readonly #host: string
  readonly #client: Client
  readonly #observed: Dispatcher
  readonly #ended: () => void
  #closed: (() => void) | undefined
  #isAnswered = false

  /** @param ended called once, when it is of no use any more */
  constructor(origin: string, connect: Connector, ended: () => void) {
    this.#host = hostOf(new URL(origin))
    this.#client = new Client(origin, {
      connect,
      allowH2: false,
      maxHeaderSize: maxHeaderBytes,
      // The deadline of the request is the only one.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
    })
    this.#client.on('disconnect', () => this.#closed?.())
    this.#observed = this.#client.compose(
      observing(() => {
        this.#isAnswered = true
      }),
    )
    this.#ended = ended
  }

  /** Whether there is a socket. */
  get isOpen(): boolean {
    return !this.#client.destroyed && this.#client.stats.connected
  }

  /** Whether anything of the response to the last request has come. */
  get isAnswered(): boolean {
    return this.#isAnswered
  }

  /** Sends the request and waits for the headers of its response. One at a time. */
  send({ isLast, ...request }: WireRequest): Promise<Dispatcher.ResponseData> {
    this.#isAnswered = false
    const options = {
      ...request,
      reset: isLast,
      responseHeaders: 'raw',
      highWaterMark: readAheadBytes,
      // The same for all requests: the client would take the name in the `host` header, and connect anew for another one.
      servername: this.#host,
    } as const
    return this.#observed.request(options)
  }

  /** What to do when the socket is closed while nothing is sent; nothing when it is asked for nothing. */
  whenClosed(action: (() => void) | undefined): void {
    this.#closed = action
  }

  /** Closes it. A request that is on its way fails. */
  async end(): Promise<void> {
    if (this.#client.destroyed) return
    this.#closed = undefined
    this.#ended()
    await this.#client.destroy()
  }
}

/** Tells of the first byte of a response. */
function observing(answered: () => void): Dispatcher.DispatchInterceptor {
  return dispatch => (options, handler) =>
    dispatch(options, {
      onRequestStart: (...args) => handler.onRequestStart?.(...args),
      onResponseStarted: answered,
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    })
}
