import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { OtlpSink } from '../../support/otlp-sink.ts'
import { Daemon } from './daemon.ts'

/** Exports, scrapes and expiry are seconds apart. */
const settleMs = 20_000

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** As Alertmanager tells it. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface PipelineOptions {
  /** Age of a gauge that is forgotten. */
  readonly stateExpiration: string
  /** Files of rules, evaluated every second. */
  readonly rules?: readonly string[]
}

/** The collector with our configuration, a Prometheus that scrapes it every second, and our Alertmanager. */
export class Pipeline implements AsyncDisposable {
  /** Where gateways send to. */
  readonly endpoint: string
  /** Stands in for Tempo and Loki. */
  readonly sink: OtlpSink
  readonly #prometheusUrl: string
  readonly #alertmanagerUrl: string
  readonly #resources: AsyncDisposableStack
  readonly #startCollector: () => Promise<Daemon>
  #collector: Daemon

  private constructor(parts: {
    endpoint: string
    prometheusUrl: string
    alertmanagerUrl: string
    sink: OtlpSink
    collector: Daemon
    startCollector: () => Promise<Daemon>
    resources: AsyncDisposableStack
  }) {
    this.endpoint = parts.endpoint
    this.sink = parts.sink
    this.#prometheusUrl = parts.prometheusUrl
    this.#alertmanagerUrl = parts.alertmanagerUrl
    this.#collector = parts.collector
    this.#startCollector = parts.startCollector
    this.#resources = parts.resources
  }

  static async start(options: PipelineOptions): Promise<Pipeline> {
    await using resources = new AsyncDisposableStack()
    const sink = resources.use(await OtlpSink.open())
    const [http, grpc, state, flow, health, web, alerts] = await freePorts(7)
    const startCollector = () =>
      Daemon.start({
        file: collectorBinary(),
        argv: () => ['--config', `${root}/otel-collector.yaml`],
        env: {
          OTLP_HTTP_ENDPOINT: `127.0.0.1:${http}`,
          OTLP_GRPC_ENDPOINT: `127.0.0.1:${grpc}`,
          STATE_ENDPOINT: `127.0.0.1:${state}`,
          FLOW_ENDPOINT: `127.0.0.1:${flow}`,
          HEALTH_ENDPOINT: `127.0.0.1:${health}`,
          STATE_EXPIRATION: options.stateExpiration,
          TEMPO_ENDPOINT: sink.url,
          LOKI_ENDPOINT: sink.url,
          EXPORT_ENCODING: 'json',
          EXPORT_COMPRESSION: 'none',
        },
        readyUrl: `http://127.0.0.1:${health}`,
      })
    const collector = await startCollector()
    resources.use(
      await Daemon.start({
        file: 'prometheus-alertmanager',
        argv: folder => [
          `--config.file=${root}/deploy/alertmanager/alertmanager.yml`,
          `--storage.path=${folder}/data`,
          `--web.listen-address=127.0.0.1:${alerts}`,
          '--cluster.listen-address=',
        ],
        readyUrl: `http://127.0.0.1:${alerts}/-/ready`,
      }),
    )
    resources.use(
      await Daemon.start({
        file: 'prometheus',
        argv: folder => {
          writeFileSync(
            `${folder}/prometheus.yml`,
            prometheusConfig({ scraped: [state, flow], rules: options.rules ?? [], alertmanager: alerts }),
          )
          return [
            `--config.file=${folder}/prometheus.yml`,
            `--storage.tsdb.path=${folder}/data`,
            `--web.listen-address=127.0.0.1:${web}`,
          ]
        },
        readyUrl: `http://127.0.0.1:${web}/-/ready`,
      }),
    )
    return new Pipeline({
      endpoint: `http://127.0.0.1:${http}`,
      prometheusUrl: `http://127.0.0.1:${web}`,
      alertmanagerUrl: `http://127.0.0.1:${alerts}`,
      sink,
      collector,
      startCollector,
      resources: resources.move(),
    })
  }

  get prometheusUrl(): string {
    return this.#prometheusUrl
  }

  /** Values of a query now, by the labels that are asked for. */
  async query(promql: string, ...labels: string[]): Promise<Record<string, number>> {
    const response = await fetch(`${this.#prometheusUrl}/api/v1/query?query=${encodeURIComponent(promql)}`)
    const { data, error } = (await response.json()) as {
      error?: string
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    if (data === undefined) throw new Error(`${promql}: ${error}`)
    return Object.fromEntries(
      data.result.map(({ metric, value }) => [labels.map(label => metric[label] ?? '').join(' '), Number(value[1])]),
    )
  }

  /** The same, asked again and again until it is right. Resolves with whatever it is when the time is over. */
  settled(
    promql: string,
    isRight: (values: Record<string, number>) => boolean,
    ...labels: string[]
  ): Promise<Record<string, number>> {
    return askUntil(() => this.query(promql, ...labels), isRight)
  }

  /** Alerts that Alertmanager has and has not seen resolved, once that is right or the time is over. */
  alertsSettled(isRight: (alerts: readonly Alert[]) => boolean): Promise<readonly Alert[]> {
    const ask = async () =>
      (await (await fetch(`${this.#alertmanagerUrl}/api/v2/alerts?active=true`)).json()) as Alert[]
    return askUntil(ask, isRight)
  }

  /** Ends the collector, has `meanwhile` happen, and starts it again. */
  async withoutCollector(meanwhile: () => Promise<void>): Promise<void> {
    await this.#collector[Symbol.asyncDispose]()
    await meanwhile()
    this.#collector = await this.#startCollector()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#collector[Symbol.asyncDispose]()
    await this.#resources.disposeAsync()
  }
}

/** Built when it is not there yet, which takes minutes the first time. */
export function collectorBinary(): string {
  return execFileSync(`${root}/test/stack/build-collector.sh`, { encoding: 'utf8' }).trim()
}

async function askUntil<Answer>(ask: () => Promise<Answer>, isRight: (answer: Answer) => boolean): Promise<Answer> {
  const deadline = performance.now() + settleMs
  for (;;) {
    const answer = await ask()
    if (isRight(answer) || performance.now() > deadline) return answer
    // There is news once a second.
    await delay(250)
  }
}

interface PrometheusConfig {
  /** Ports of the collector. */
  readonly scraped: readonly (number | undefined)[]
  readonly rules: readonly string[]
  readonly alertmanager: number | undefined
}

/** As `deploy/prometheus/prometheus.yml`, but quicker and elsewhere. */
function prometheusConfig({ scraped, rules, alertmanager }: PrometheusConfig): string {
  const targets = scraped.map(port => `'127.0.0.1:${port}'`).join(', ')
  return `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [${rules.map(rule => `'${rule}'`).join(', ')}]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:${alertmanager}'] }] }] }
scrape_configs:
  - { job_name: collector, honor_labels: true, static_configs: [{ targets: [${targets}] }] }
`
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map(server => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}
