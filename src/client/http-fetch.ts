import { GatewayError } from '../protocol/gateway-error.ts'
import type { ParamsInput, Result } from '../protocol/method-table.ts'
import type { BodyRoutes } from './body-routes.ts'
import { protocolViolation } from './call-errors.ts'
import type { Link } from './link.ts'
import { readBody, type RequestBody } from './request-body.ts'
import type { ResponseBody } from './response-body.ts'

/** Statuses whose responses have no body: null body status of the Fetch standard. */
const bodilessStatuses: ReadonlySet<number> = new Set([204, 205, 304])

type RequestHeaders = Headers | Readonly<Record<string, string>> | [name: string, value: string][]

export interface FetchOptions {
  /** Sent as it is given, so in upper case. Default `GET`. */
  readonly method?: string
  /** Sent in addition to `host` and `accept`, which the server adds when they are missing. */
  readonly headers?: RequestHeaders
  /**
   * Sent whole, so up to 32 MiB: a stream is read to its end first. What has a type of its own gets a `content-type` that is not
   * given.
   */
  readonly body?: RequestBody | null
  /** Gives the request up, or the rest of its body. The server may have carried it out all the same. */
  readonly signal?: AbortSignal
  /** From the start to the end of the body, redirects included, by the clock of the server. Default: no limit. */
  readonly timeoutMs?: number
  /** `manual`: a redirect is the response. Default `follow`. */
  readonly redirect?: 'follow' | 'manual'
}

/**
 * Makes an HTTP request from the machine of the server. It is sent once: when the connection breaks the request or its body
 * fails, as it may have taken effect.
 */
export async function fetchThrough(link: Link, url: string | URL, options: FetchOptions): Promise<Response> {
  const { signal } = options
  signal?.throwIfAborted()
  const { bodies } = link
  const body = bodies.create()
  const request = await requestOf(String(url), body.requestId, options)
  bodies.add(body)
  try {
    const reply = await link.call('http/request', request, { signal })
    signal?.throwIfAborted()
    return responseOf(reply, streamOf(body, bodies, signal))
  } catch (error) {
    bodies.remove(body, error)
    throw error
  }
}

async function requestOf(url: string, requestId: string, options: FetchOptions): Promise<ParamsInput<'http/request'>> {
  const { method = 'GET', timeoutMs, redirect = 'follow', signal } = options
  const headers = headersOf(options.headers)
  const hasBody = options.body !== undefined && options.body !== null
  const body = hasBody ? await readBody(options.body, signal) : undefined
  const type = body?.contentType ?? null
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  return {
    method,
    url,
    headers: Array.from(headers, ([name, value]) => ({ name, value })),
    bodyBase64: body?.bytes.toString('base64') ?? null,
    timeoutMs: timeoutMs ?? null,
    redirectPolicy: redirect === 'follow' ? 'follow' : 'stop',
    requestId,
    streamResponse: true,
  }
}

function headersOf(given: RequestHeaders | undefined): Headers {
  try {
    return new Headers(given)
  } catch (error) {
    throw new GatewayError('invalidParams', 'the headers are no valid HTTP headers', { cause: error })
  }
}

/** @throws GatewayError `protocolViolation` when a Response cannot have this status or these headers */
function responseOf({ status, headers }: Result<'http/request'>, body: ReadableStream<Uint8Array>): Response {
  try {
    const pairs = headers.map(({ name, value }): [string, string] => [name, value])
    if (!bodilessStatuses.has(status)) return new Response(body, { status, headers: pairs })
    void body.cancel()
    return new Response(null, { status, headers: pairs })
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw protocolViolation(`http response cannot be represented: ${detail}`)
  }
}

/** Keeps nothing itself: the body has the queue, and its bounds. */
function streamOf(body: ResponseBody, bodies: BodyRoutes, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const aborted = () => bodies.remove(body, signal?.reason)
  signal?.addEventListener('abort', aborted, { once: true })
  const settled = () => signal?.removeEventListener('abort', aborted)
  const givenUp = (reason?: unknown) => {
    settled()
    bodies.remove(body, reason)
  }
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      const bytes = await body.next()
      if (bytes !== undefined) return controller.enqueue(bytes)
      controller.close()
      settled()
    } catch (error) {
      settled()
      throw error
    }
  }
  const stream = new ReadableStream<Uint8Array>({ pull, cancel: givenUp }, { highWaterMark: 0 })
  bodies.whenForgotten(stream, givenUp)
  return stream
}
