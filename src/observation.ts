import { createHash } from 'node:crypto'
import { revision, version } from './cli/version.ts'
import { optionKeys, type Settings } from './config/options.ts'
import type { Gateway } from './gateway/gateway.ts'
import { statePath } from './gateway/operator-schemas.ts'
import { jsonPage, type Page, type Pages, textPage } from './gateway/pages.ts'
import type { LeakLedger } from './leaks/leak-ledger.ts'
import { openRpcDocument } from './protocol/openrpc.ts'
import type { Gauges } from './telemetry/instruments.ts'
import type { OpenLog } from './telemetry/logger.ts'
import type { OpenTelemetry } from './telemetry/opentelemetry.ts'
import { readOtlpEnvironment } from './telemetry/otlp-environment.ts'
import { RuntimeMonitor } from './telemetry/runtime-gauges.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

export interface ObservationOptions {
  readonly gateway: Gateway
  readonly settings: Settings
  readonly telemetry: Telemetry
  readonly opened: OpenLog
  readonly leaks: LeakLedger
  readonly instance: string
}

/** Makes one gateway visible: the pages for operators, and the SDK once it is loaded. */
export class Observation implements AsyncDisposable {
  readonly pages: Pages = new Map<string, () => Page | Promise<Page>>([
    ['/metrics', () => this.#metricsPage()],
    [statePath, () => this.#options.gateway.statePage()],
    [
      '/debug/leaks',
      async () => {
        // Asked for by a person, who wants to know how it is now.
        await this.#options.leaks.takeCensus()
        return jsonPage(this.#options.leaks.report())
      },
    ],
    ['/debug/config', () => this.#configPage()],
    ['/openrpc.json', () => jsonPage(openRpcDocument(version))],
  ])
  readonly #options: ObservationOptions
  readonly #otlp = readOtlpEnvironment(process.env)
  #runtime: RuntimeMonitor | undefined
  #sdk: OpenTelemetry | undefined

  constructor(options: ObservationOptions) {
    this.#options = options
    for (const warning of this.#otlp.warnings) options.opened.log.warn(warning)
  }

  /** Loads the SDK where there is a use for it. Failing to is said once and stops nothing. */
  async start(): Promise<void> {
    const { telemetry, opened, instance, settings } = this.#options
    const isWanted = this.#hasScrapePage || this.#otlp.exported.size > 0
    if (this.#otlp.isDisabled || !isWanted) return this.#countForNobody()
    try {
      const { OpenTelemetry } = await import('./telemetry/opentelemetry.ts')
      this.#runtime = new RuntimeMonitor()
      this.#sdk = OpenTelemetry.start({
        telemetry,
        gauges: this.#gauges(this.#runtime),
        settings: this.#otlp,
        instance,
        version,
        // A client that closes standard input expects the program to be gone within a second.
        shutdownMs: settings.listen.transport === 'stdio' ? 700 : 2000,
        hasScrapePage: this.#hasScrapePage,
        log: opened.log,
      })
      opened.exportTo(this.#sdk.logSink)
    } catch (error) {
      opened.log.error({ err: error }, 'telemetry cannot be started; the gateway serves without it')
      this.#countForNobody()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sdk?.[Symbol.asyncDispose]()
    this.#options.opened.exportTo(undefined)
    this.#runtime?.[Symbol.dispose]()
  }

  get #hasScrapePage(): boolean {
    return this.#options.settings.adminListen !== 'off'
  }

  #gauges(runtime: RuntimeMonitor): Omit<Gauges, 'telemetryQueue'> {
    const { gateway, settings, leaks } = this.#options
    const identity = {
      version,
      revision: revision(),
      node_version: process.versions.node,
      config_hash: configHash(settings),
    }
    return {
      ...runtime.gauges,
      ...gateway.gauges,
      ...leaks.gauges,
      buildInfo: observe => observe(1, identity),
    }
  }

  async #metricsPage(): Promise<Page> {
    if (this.#otlp.isDisabled) return textPage(404, 'telemetry is off: OTEL_SDK_DISABLED is set')
    if (this.#sdk === undefined) return textPage(503, 'telemetry is being loaded')
    return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await this.#sdk.scrape() }
  }

  #configPage(): Page {
    const { settings } = this.#options
    return jsonPage({ hash: configHash(settings), version, settings })
  }

  #countForNobody(): void {
    for (const instrument of Object.values(this.#options.telemetry.instruments)) {
      if ('bind' in instrument) instrument.bind()
    }
  }
}

/** Tells whether two gateways are configured alike. */
function configHash(settings: Settings): string {
  const effective = optionKeys.map(key => [key, settings[key]])
  return createHash('sha256').update(JSON.stringify(effective)).digest('hex').slice(0, 12)
}
