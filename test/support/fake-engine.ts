import type { Child, ChildEvents, InputStream, Launch, ProcessEngine } from '../../src/processes/engine.ts'
import type { OutputStream, ProcessSignal, TerminalSize } from '../../src/protocol/process-schemas.ts'
import { SlowWriter } from './slow-writer.ts'

type FatalSignal = 'SIGTERM' | 'SIGKILL'

const signalNumbers = { SIGTERM: 15, SIGKILL: 9 } as const

/**
 * A child that does what the test says, and dies of the signals its engine says. It tells its owner about everything
 * the way a real one does: never within the call that caused it.
 */
export class FakeChild implements Child {
  readonly launch: Launch
  readonly pid: number
  readonly input: InputStream | undefined
  /** The reading end of its standard input. */
  readonly stdin: SlowWriter | undefined
  /** Methods that were called, but `input` and `openStreams`, in order. */
  readonly asked: (keyof Child)[] = []
  readonly signals: ProcessSignal[] = []
  size: TerminalSize | undefined
  isPaused = false
  isDisposed = false
  /** Whether the operating system lets it be killed. */
  isKillable = true
  readonly #events: ChildEvents
  readonly #mortality: ReadonlySet<FatalSignal>
  readonly #open: Set<OutputStream>
  #hasExited = false

  constructor(launch: Launch, pid: number, events: ChildEvents, mortality: ReadonlySet<FatalSignal>) {
    this.launch = launch
    this.pid = pid
    this.#events = events
    this.#mortality = mortality
    this.#open = new Set(launch.streams === 'terminal' ? ['pty'] : ['stdout', 'stderr'])
    if (launch.streams !== 'pipes without input') {
      const stdin = new SlowWriter()
      this.stdin = stdin
      this.input = { writer: stdin, close: () => stdin.destroy() }
    }
  }

  get openStreams(): number {
    return this.#open.size
  }

  isOpen(stream: OutputStream): boolean {
    return this.#open.has(stream)
  }

  // What the test has it do

  says(text: string, stream: OutputStream = 'stdout'): void {
    if (this.#open.has(stream)) this.#events.output(stream, Buffer.from(text))
  }

  /** The last holder of the stream lets go. */
  endsStream(stream: OutputStream): void {
    if (this.#open.delete(stream)) this.#events.streamEnded(stream)
  }

  /** Exits while its streams stay open: a descendant has inherited them. */
  exits(code = 0, signal?: number): void {
    if (this.#hasExited) return
    this.#hasExited = true
    this.#events.exited({ code, signal, cpuSeconds: 0, peakMemoryBytes: undefined })
  }

  /** Exits and leaves nobody behind. */
  finishes(code = 0, signal?: number): void {
    this.endStreams()
    this.exits(code, signal)
  }

  // What its owner asks of it

  pauseOutput(): void {
    this.asked.push('pauseOutput')
    this.isPaused = true
  }

  resumeOutput(): void {
    this.asked.push('resumeOutput')
    this.isPaused = false
  }

  signal(signal: ProcessSignal): void {
    this.asked.push('signal')
    this.signals.push(signal)
  }

  resize(size: TerminalSize): void {
    this.asked.push('resize')
    this.size = size
  }

  askToEnd(): void {
    this.asked.push('askToEnd')
    this.#suffer('SIGTERM')
  }

  kill(): void {
    this.asked.push('kill')
    this.#suffer('SIGKILL')
  }

  killSession(): boolean {
    this.asked.push('killSession')
    this.#suffer('SIGKILL')
    return this.isKillable
  }

  endStreams(): void {
    for (const stream of this.#open) this.endsStream(stream)
  }

  [Symbol.dispose](): void {
    this.isDisposed = true
    this.input?.close()
    this.endStreams()
  }

  #suffer(signal: FatalSignal): void {
    if (!this.#mortality.has(signal)) return
    queueMicrotask(() => {
      this.finishes(128 + signalNumbers[signal], signalNumbers[signal])
    })
  }
}

/** Starts nothing. Its children are the test's to play. */
export class FakeEngine implements ProcessEngine {
  readonly name = 'fake'
  readonly children: FakeChild[] = []
  /** Signals of which new children die. */
  mortality: readonly FatalSignal[] = ['SIGTERM', 'SIGKILL']
  /** What the operating system says to the next starts. */
  refusal: Error | undefined

  /** The child that was started last. */
  get child(): FakeChild {
    const child = this.children.at(-1)
    if (child === undefined) throw new Error('no child was started')
    return child
  }

  start(launch: Launch, events: ChildEvents): FakeChild {
    if (this.refusal !== undefined) throw this.refusal
    const child = new FakeChild(launch, this.children.length + 1, events, new Set(this.mortality))
    this.children.push(child)
    return child
  }
}
