import type { Logger } from 'pino'
import type { Timers } from '../lifecycle/timers.ts'
import type { NativeParts } from '../processes/open-engine.ts'
import { instanceMarker } from '../processes/watchdog.ts'
import { leakReasons } from '../telemetry/catalogue.ts'
import type { Gauges, Instruments } from '../telemetry/instruments.ts'
import { type Census, classify, type Finding, type RegistryFacts } from './classify.ts'
import { type GatewayIdentity, markPrefix, parseMark } from './marker.ts'
import { readStat } from '../lifecycle/proc-stat.ts'
import { readMark, type ScannedProcess } from './scan.ts'
import { Scanner } from './scanner.ts'

const SIGKILL = 9
/** Findings shown by the report. */
const maxShown = 200

/** What happens to processes that should not be there: they are only told of, or also ended. */
export type LeakPolicy = 'report' | 'reap' | 'off'

export interface LeakLedgerOptions {
  readonly gateway: GatewayIdentity
  /** Without it the policy is off: what leaked could be neither waited for nor signalled safely. */
  readonly native: NativeParts | undefined
  readonly timers: Timers
  readonly instruments: Instruments
  readonly log: Logger
  readonly policy: LeakPolicy
  /** How long a leak is known before `reap` ends it. */
  readonly graceMs: number
  /** Between two looks at the processes of the machine. */
  readonly censusMs: number
  /** What the gateway knows right now. */
  readonly facts: () => RegistryFacts
}

/** A finding and since when it has been known. */
interface KnownFinding extends Finding {
  readonly since: number
  /**
   * Whoever has just ended is a zombie until it is waited for: only one that is found again is there to stay.
   */
  readonly isLasting: boolean
  readonly isReaped: boolean
}

/** Compares the processes of the operating system with those the gateway knows, again and again. */
export class LeakLedger implements AsyncDisposable {
  readonly gauges: Pick<Gauges, 'processesOs' | 'processesLeaked' | 'censusAge'>
  readonly #options: LeakLedgerOptions
  readonly #scanner = new Scanner()
  readonly #prefix: string
  readonly #repeated: Disposable | undefined
  #census: Census = { leaders: 0, descendants: 0, findings: [] }
  #takenAt: number | undefined
  #known = new Map<string, KnownFinding>()
  #leftovers = 0
  #isDisposed = false
  /** The census that was asked for last. */
  #last: Promise<void> = Promise.resolve()
  /** One that has not begun. */
  #next: Promise<void> | undefined

  private constructor(options: LeakLedgerOptions) {
    this.#options = options
    this.#prefix = markPrefix(options.gateway)
    this.gauges = {
      processesOs: observe => {
        observe(this.#census.leaders, { role: 'leader' })
        observe(this.#census.descendants, { role: 'descendant' })
      },
      processesLeaked: observe => {
        for (const reason of leakReasons) {
          observe(this.#lasting.filter(finding => finding.reason === reason).length, { reason })
        }
      },
      censusAge: observe => observe(this.#takenAt === undefined ? -1 : (performance.now() - this.#takenAt) / 1000, {}),
    }
    if (this.#policy === 'off') return
    // Orphans come to the gateway instead of getting lost; it waits for them.
    options.native?.libc.adoptOrphans()
    this.#repeated = options.timers.every(options.censusMs, () => {
      void this.takeCensus()
    })
  }

  static open(options: LeakLedgerOptions): LeakLedger {
    return new LeakLedger(options)
  }

  /** `/debug/leaks`: numbers and ids, nothing that tells what runs. */
  report(): object {
    const policy = this.#policy
    const now = performance.now()
    const findings = this.#lasting
    return {
      policy,
      censusAgeMs: this.#takenAt === undefined ? null : Math.round(now - this.#takenAt),
      processes: { leaders: this.#census.leaders, descendants: this.#census.descendants },
      leftoversEnded: this.#leftovers,
      leaked: findings.length,
      findings: findings.slice(0, maxShown).map(({ reason, pid, since, isReaped, attribution }) => ({
        reason,
        pid,
        knownForMs: Math.round(now - since),
        isReaped,
        session: attribution?.session ?? null,
        processId: attribution?.processId ?? null,
        traceId: attribution?.traceId ?? null,
      })),
    }
  }

  get #policy(): LeakPolicy {
    return this.#options.native === undefined ? 'off' : this.#options.policy
  }

  get #lasting(): KnownFinding[] {
    return [...this.#known.values()].filter(({ isLasting }) => isLasting)
  }

  /**
   * Looks at the processes of the machine now, or as soon as it has looked: once for all who ask meanwhile. Failing to is said and
   * changes nothing.
   */
  takeCensus(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined
      return this.#look()
    })
    this.#last = this.#next
    return this.#next
  }

  async #look(): Promise<void> {
    if (this.#isDisposed) return
    try {
      const before = this.#options.facts()
      const scanned = await this.#scan(this.#prefix, before)
      if (this.#isDisposed) return
      // What ended during the scan is known by now; what started during it is not yet in what was scanned.
      const census = classify(scanned, this.#options.facts(), process.pid)
      const findings = census.findings.filter(finding => !this.#isCollected(finding))
      this.#census = census
      this.#takenAt = performance.now()
      this.#remember(findings)
      if (this.#policy === 'reap') this.#reap()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the processes of this machine cannot be looked at')
    }
  }

  /** Ends what gateways left behind that are dead beyond doubt. To be called once, at the start. */
  async endLeftovers(): Promise<void> {
    if (this.#policy === 'off') return
    try {
      const scanned = await this.#scan('', undefined)
      for (const { pid, startTicks, mark } of scanned) {
        if (mark !== undefined && this.#isLeftover(mark)) this.#end('leftover', pid, startTicks, mark)
      }
      if (this.#leftovers > 0) {
        this.#options.log.warn({ count: this.#leftovers }, 'ended processes that a dead gateway had left behind')
      }
    } catch (error) {
      this.#options.log.warn({ err: error }, 'leftovers of dead gateways cannot be looked for')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#repeated?.[Symbol.dispose]()
    await this.#scanner[Symbol.asyncDispose]()
  }

  #scan(prefix: string, facts: RegistryFacts | undefined): Promise<ScannedProcess[]> {
    const sessions = (facts?.launches ?? []).flatMap(({ pid, state }) =>
      pid === undefined || state === 'closed' ? [] : [pid],
    )
    const user = effectiveUser()
    return this.#scanner.scan({ variable: instanceMarker, prefix, parent: process.pid, sessions, user })
  }

  /** A finding keeps its age as long as the same process is found again. */
  #remember(findings: readonly Finding[]): void {
    const now = performance.now()
    const known = new Map<string, KnownFinding>()
    for (const finding of findings) {
      const before = this.#known.get(keyOf(finding))
      const isLasting = before !== undefined || finding.reason !== 'zombie'
      known.set(keyOf(finding), { ...finding, since: now, isReaped: false, ...before, isLasting })
      if (before === undefined) this.#tell(finding)
    }
    this.#known = known
  }

  #tell({ reason, pid, attribution }: Finding): void {
    if (reason !== 'zombie') this.#options.log.warn({ reason, pid, ...attribution }, 'a process has leaked')
  }

  /**
   * Waits for an orphan that came home and has ended. Whoever started it would have waited by now if it were still to be
   * waited for by somebody else here: this is the second time it is seen.
   */
  #isCollected(finding: Finding): boolean {
    const { native, instruments } = this.#options
    if (native === undefined) return false
    const { libc, reaper } = native
    const { reason, pid, startTicks } = finding
    if (reason !== 'zombie' || !this.#known.has(keyOf(finding))) return false
    if (reaper.isWatching(pid) || readStat(pid)?.startTicks !== startTicks) return false
    try {
      libc.wait(pid)
      instruments.orphansReaped.add({ reason: 'zombie', result: 'success' })
      return true
    } catch {
      instruments.orphansReaped.add({ reason: 'zombie', result: 'error' })
      return false
    }
  }

  #reap(): void {
    const now = performance.now()
    for (const [key, finding] of this.#known) {
      const { reason, pid, startTicks, since, isReaped } = finding
      if (isReaped || now - since < this.#options.graceMs) continue
      if (reason !== 'ownerless' && reason !== 'unregistered') continue
      this.#end(reason, pid, startTicks, this.#prefix)
      this.#known.set(key, { ...finding, isReaped: true })
    }
  }

  /** SIGKILL through a pidfd, after another look: a pid may be somebody else's by now. */
  #end(reason: 'ownerless' | 'unregistered' | 'leftover', pid: number, startTicks: number, mark: string): void {
    const { native, instruments } = this.#options
    if (native === undefined) return
    const { libc } = native
    let descriptor: number | undefined
    try {
      descriptor = libc.openPidDescriptor(pid)
      if (descriptor === undefined || readStat(pid)?.startTicks !== startTicks) return
      if (readMark(pid, instanceMarker, mark, effectiveUser()) === undefined) return
      libc.signalByDescriptor(descriptor, SIGKILL)
      if (reason === 'leftover') this.#leftovers += 1
      instruments.orphansReaped.add({ reason, result: 'success' })
    } catch {
      instruments.orphansReaped.add({ reason, result: 'error' })
    } finally {
      if (descriptor !== undefined) libc.close(descriptor)
    }
  }

  /** Whether the mark names a gateway that is provably dead: on this boot, in this namespace, gone. */
  #isLeftover(text: string): boolean {
    const { gateway } = this.#options
    const other = parseMark(text)?.gateway
    if (other === undefined || other.instance === gateway.instance) return false
    if (other.bootId !== gateway.bootId || other.pidNamespace !== gateway.pidNamespace) return false
    return readStat(other.pid)?.startTicks !== other.startTicks
  }
}

/** Whose processes are looked into. */
function effectiveUser(): number {
  return process.geteuid?.() ?? 0
}

/** The same as long as it is the same process. */
function keyOf({ reason, pid, startTicks }: Finding): string {
  return `${reason} ${pid} ${startTicks}`
}
