import type { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import type { Ledger } from '../lifecycle/ledger.ts'
import type { Timers } from '../lifecycle/timers.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { HttpRequest, HttpResponse } from '../protocol/http-schemas.ts'
import { maxIdBytes } from '../protocol/limits.ts'
import type { Instruments } from '../telemetry/instruments.ts'
import { ActiveStreams } from './active-streams.ts'
import { AffinityCookies } from './affinity-cookies.ts'
import { BodyBuffers, sentBodies } from './buffered-body.ts'
import { Fetch } from './fetch.ts'
import { RedirectRefused } from './fetch-failure.ts'
import { FetchMetrics, type FetchMode } from './fetch-metrics.ts'
import type { Variables } from './header-value.ts'
import type { HttpClient, InboundResponse } from './http-client.ts'
import { type OutboundRequest, outboundRequest } from './outbound-request.ts'
import { ProxyEnvironment } from './proxy-environment.ts'
import { maxRedirects, redirected } from './redirects.ts'
import { valuesOf } from './response-headers.ts'
import { ResponseStream } from './response-stream.ts'
import { TargetRules, type TargetRuleOptions } from './target-rules.ts'
import { TrustedRoots } from './trusted-roots.ts'

/** What requests that are made for callers are bounded by. */
export interface FetchLimits {
  /** Of the whole gateway, streamed responses included until their end. */
  readonly maxFetches: number
  /** Bodies of requests that are being sent, together. */
  readonly maxSentBodyBytes: number
}

/** What an operator decides about requests. */
export interface FetchingSetup {
  readonly targets: TargetRuleOptions
  /** Names proxies and certificates; read when the first request is made. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What headers may take their values from. Asked each time. */
  readonly variables: Variables
}

export interface FetchingOptions extends FetchingSetup {
  readonly limits: FetchLimits
  readonly ledger: Ledger
  readonly timers: Timers
  readonly instruments: Instruments
}

/** A response that has come to its end. */
export interface WholeResponse extends Omit<HttpResponse, 'bodyBase64'> {
  readonly body: Buffer
}

/** Makes HTTP requests for callers, who may be able to reach less than this machine. */
export class Fetching implements AsyncDisposable {
  readonly metrics: FetchMetrics
  readonly #options: FetchingOptions
  readonly #rules: TargetRules
  readonly #streams = new ActiveStreams()
  readonly #buffers = new BodyBuffers()
  /** Held until the response begins. */
  readonly #sentBodies: ByteAllowance
  readonly #cookies = new AffinityCookies()
  #client: Promise<HttpClient> | undefined

  constructor(options: FetchingOptions) {
    this.#options = options
    this.#sentBodies = sentBodies(options.limits.maxSentBodyBytes)
    this.#rules = new TargetRules(options.targets)
    this.metrics = new FetchMetrics(options.instruments)
  }

  /**
   * Makes a request and waits for the whole response.
   * @throws GatewayError for a request that cannot be made, fails, or has too long an answer
   */
  async fetch(asked: HttpRequest, signal: AbortSignal): Promise<WholeResponse> {
    const request = outboundRequest(asked, this.#options.variables)
    using fetch = this.#begin('buffered', asked, signal)
    const response = await this.#respond(request, asked, fetch)
    try {
      const body = await this.#buffers.collect(response.body)
      this.metrics.received(body.length)
      fetch.succeeded()
      return { status: response.status, headers: [...response.headers], body }
    } catch (error) {
      throw fetch.failed(error, 'failed to read http/request response body: ')
    }
  }

  /**
   * Makes a request and waits for the headers of the response, whose body is then delivered piece by piece.
   * @param owner whom the stream goes to, within whose streams its name is unique
   * @throws GatewayError for a request that cannot be made or fails before the headers
   */
  async open(asked: HttpRequest, owner: object, signal: AbortSignal): Promise<ResponseStream> {
    const { requestId } = asked
    refuseLongId(requestId)
    using acquired = new DisposableStack()
    acquired.use(this.#streams.reserve(owner, requestId))
    const request = outboundRequest(asked, this.#options.variables)
    const fetch = acquired.use(this.#begin('streamed', asked, signal))
    const response = await this.#respond(request, asked, fetch)
    return new ResponseStream({ requestId, response, fetch, metrics: this.metrics, acquired: acquired.move() })
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    await client?.[Symbol.asyncDispose]()
  }

  /** @throws GatewayError when too many are under way */
  #begin(mode: FetchMode, { timeoutMs }: HttpRequest, signal: AbortSignal): Fetch {
    const { ledger, limits, timers } = this.#options
    if (ledger.active('fetch') >= limits.maxFetches) {
      const text = `${limits.maxFetches} HTTP requests are under way, the limit of this gateway; try again later`
      throw GatewayError.limit('maxFetches', limits.maxFetches, text)
    }
    return new Fetch({ mode, timeoutMs: timeoutMs ?? undefined, signal, ledger, timers, metrics: this.metrics })
  }

  async #respond(request: OutboundRequest, { redirectPolicy }: HttpRequest, fetch: Fetch): Promise<InboundResponse> {
    try {
      using _held = this.#sentBodies.hold(request.body?.length ?? 0)
      return redirectPolicy === 'follow' ? await this.#follow(request, fetch) : await this.#send(request, fetch)
    } catch (error) {
      throw fetch.failed(error, 'http/request failed: ')
    }
  }

  async #follow(first: OutboundRequest, fetch: Fetch): Promise<InboundResponse> {
    let request = first
    for (let hops = 0; ; hops += 1) {
      const response = await this.#send(request, fetch)
      try {
        const next = redirected(request, {
          status: response.status,
          location: valuesOf(response.headers, 'location')[0],
        })
        if (next === undefined) return response
        if (hops === maxRedirects) throw new RedirectRefused(`there are more than ${maxRedirects}`)
        request = next
      } catch (error) {
        response.discard()
        throw error
      }
      response.discard()
    }
  }

  async #send(request: OutboundRequest, { caller, signal }: Fetch): Promise<InboundResponse> {
    signal.throwIfAborted()
    const client = await this.#connectable()
    this.metrics.sent(request.body?.length ?? 0)
    const response = await client.send(withCookies(request, this.#cookies), { caller, signal })
    this.#cookies.store(request.url, valuesOf(response.headers, 'set-cookie'))
    return response
  }

  /** The client, once it is loaded and the certificates have been read. What failed is tried again by the next request. */
  #connectable(): Promise<HttpClient> {
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = undefined
      throw error
    })
    return this.#client
  }

  async #connect(): Promise<HttpClient> {
    const { environment, ledger } = this.#options
    const roots = await TrustedRoots.read(environment)
    // Loading it takes tens of milliseconds, which most gateways never need.
    const { HttpClient } = await import('./http-client.ts')
    return new HttpClient({
      rules: this.#rules,
      proxies: new ProxyEnvironment(environment),
      roots,
      ledger,
      connectionUsed: use => this.metrics.connectionUsed(use),
    })
  }
}

function withCookies(request: OutboundRequest, cookies: AffinityCookies): OutboundRequest {
  if (request.headers.some(({ name }) => name === 'cookie')) return request
  const value = cookies.headerFor(request.url)
  if (value === undefined) return request
  return { ...request, headers: [...request.headers, { name: 'cookie', value, isSecret: true }] }
}

function refuseLongId(requestId: string): void {
  const bytes = Buffer.byteLength(requestId)
  if (bytes <= maxIdBytes) return
  throw GatewayError.limit('maxIdBytes', maxIdBytes, `requestId has ${bytes} bytes; at most ${maxIdBytes} are allowed`)
}
