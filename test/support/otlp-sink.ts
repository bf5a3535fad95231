import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** One number of one export. */
export interface Point {
  readonly name: string
  readonly attributes: Attributes
  /** Of a histogram, its count. */
  readonly value: number
  readonly isInteger: boolean
  /** 1 is delta, 2 is cumulative; gauges have none. */
  readonly temporality: number | undefined
}

export interface SinkSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly kind: number
  readonly attributes: Attributes
  readonly links: readonly { readonly spanId: string }[]
  readonly events: readonly string[]
}

export interface SinkLog {
  readonly body: string
  readonly attributes: Attributes
  readonly traceId: string
}

/** What to answer an export with: a status, never, or that a part of it is not taken. */
export type Verdict = number | 'hang' | 'garbage' | 'in part'

// oxlint-disable-next-line typescript/no-explicit-any -- the JSON of the OTLP specification
type Otlp = any

/** A collector that keeps what it is sent, over OTLP/HTTP in JSON. */
export class OtlpSink implements AsyncDisposable {
  readonly url: string
  /** Each export of metrics that was accepted, in its order. */
  readonly exports: Point[][] = []
  readonly spans: SinkSpan[] = []
  readonly logs: SinkLog[] = []
  readonly resources: Attributes[] = []
  /** Every body, as text. */
  readonly bodies: string[] = []
  /** Decides about the next exports of metrics; they are accepted when it has no say. */
  verdict: (() => Verdict | undefined) | undefined
  readonly #server: Server
  #waiting = new Set<() => void>()

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', (): void => {
        const verdict = request.url === '/v1/metrics' ? (this.verdict?.() ?? 200) : 200
        if (verdict === 'hang') return
        if (verdict === 'garbage') {
          response.writeHead(200).end('<html>')
          return
        }
        if (verdict === 'in part') {
          this.#take(request.url ?? '', Buffer.concat(parts).toString())
          response.writeHead(200, { 'content-type': 'application/json' })
          response.end('{"partialSuccess":{"rejectedDataPoints":"1"}}')
          return
        }
        if (verdict === 200) this.#take(request.url ?? '', Buffer.concat(parts).toString())
        response.writeHead(verdict, { 'content-type': 'application/json' }).end('{}')
      })
    })
  }

  static async open(port = 0): Promise<OtlpSink> {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new OtlpSink(server)
  }

  /** Points of a metric over all exports, those with the attributes if given. */
  points(name: string, attributes: Attributes = {}): Point[] {
    const matches = (point: Point) =>
      point.name === name && Object.entries(attributes).every(([key, value]) => point.attributes[key] === value)
    return this.exports.flat().filter(matches)
  }

  /** What a total comes to when its deltas are added up. */
  sum(name: string, attributes: Attributes = {}): number {
    return this.points(name, attributes).reduce((sum, { value }) => sum + value, 0)
  }

  /** The value of a gauge in the latest export. */
  latest(name: string, attributes: Attributes = {}): number | undefined {
    return this.points(name, attributes).at(-1)?.value
  }

  /** Resolves once the condition holds; it is looked at after every export. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await promise
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isClosed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await isClosed
  }

  #take(path: string, body: string): void {
    this.bodies.push(body)
    const message: Otlp = JSON.parse(body)
    if (path === '/v1/metrics') this.exports.push(pointsOf(message, this.resources))
    if (path === '/v1/traces') this.spans.push(...spansOf(message))
    if (path === '/v1/logs') this.logs.push(...logsOf(message))
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const resolve of waiting) resolve()
  }
}

function pointsOf(message: Otlp, resources: Attributes[]): Point[] {
  return message.resourceMetrics.flatMap(({ resource, scopeMetrics }: Otlp) => {
    resources.push(attributesOf(resource.attributes))
    return scopeMetrics.flatMap(({ metrics }: Otlp) => metrics.flatMap(metricPoints))
  })
}

function metricPoints({ name, gauge, sum, histogram }: Otlp): Point[] {
  const data = gauge ?? sum ?? histogram
  return data.dataPoints.map((point: Otlp) => ({
    name,
    attributes: attributesOf(point.attributes),
    value: Number(point.asInt ?? point.asDouble ?? point.count),
    isInteger: point.asInt !== undefined,
    temporality: data.aggregationTemporality,
  }))
}

function spansOf(message: Otlp): SinkSpan[] {
  return message.resourceSpans.flatMap(({ scopeSpans }: Otlp) =>
    scopeSpans.flatMap(({ spans }: Otlp) =>
      spans.map((span: Otlp) => ({
        ...span,
        parentSpanId: span.parentSpanId ?? '',
        attributes: attributesOf(span.attributes),
        links: span.links ?? [],
        events: (span.events ?? []).map(({ name }: Otlp) => name),
      })),
    ),
  )
}

function logsOf(message: Otlp): SinkLog[] {
  return message.resourceLogs.flatMap(({ scopeLogs }: Otlp) =>
    scopeLogs.flatMap(({ logRecords }: Otlp) =>
      logRecords.map(({ body, attributes, traceId }: Otlp) => ({
        body: body.stringValue,
        attributes: attributesOf(attributes),
        traceId: traceId ?? '',
      })),
    ),
  )
}

function attributesOf(list: Otlp): Attributes {
  return Object.fromEntries(
    (list ?? []).map(({ key, value }: Otlp) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
    ]),
  )
}
