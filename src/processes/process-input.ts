import type { ByteAllowance } from '../lifecycle/byte-allowance.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { WriteStatus } from '../protocol/process-schemas.ts'
import { ChildInput } from './child-input.ts'
import type { InputStream } from './engine.ts'
import type { ProcessMetrics } from './process-metrics.ts'
import { type InputWrite, WrittenInputs } from './written-inputs.ts'

export interface ProcessInputOptions {
  /** Absent where the process has no input. */
  readonly stream: InputStream | undefined
  readonly isTerminal: boolean
  readonly queueBytes: number
  /** What holds the input that waits for room in the queue. */
  readonly waiting: ByteAllowance
  readonly metrics: ProcessMetrics
}

/** What clients write to one process, each write once, and the end of it. */
export class ProcessInput implements Disposable {
  readonly #isTerminal: boolean
  readonly #metrics: ProcessMetrics
  readonly #writes = new WrittenInputs()
  readonly #isThere: boolean
  /** Let go of with the process: what stays readable for a while must not hold on to streams. */
  #input: ChildInput | undefined
  #isTerminated = false

  constructor({ stream, isTerminal, queueBytes, waiting, metrics }: ProcessInputOptions) {
    this.#isTerminal = isTerminal
    this.#metrics = metrics
    this.#input = stream && new ChildInput(stream, queueBytes, waiting)
    this.#isThere = this.#input !== undefined
  }

  get queuedBytes(): number {
    return this.#input?.queuedBytes ?? 0
  }

  /** @throws GatewayError after the process was terminated, for the end of a terminal's input, and when too much waits */
  write({ writeId, bytes, endsInput = false }: InputWrite, signal: AbortSignal): WriteStatus | Promise<WriteStatus> {
    if (!this.#isThere) {
      this.#metrics.written('stdinClosed', 0)
      return 'stdinClosed'
    }
    if (endsInput) this.#refuseTerminal('endsInput')
    const isRepeated = this.#writes.knows(writeId)
    // They may be gone once they are written.
    const { length } = bytes
    const outcome = this.#writes.once(writeId, () => {
      if (this.#isTerminated || this.#input === undefined) return 'closed'
      return endsInput ? this.#input.writeLast(bytes, signal) : this.#input.write(bytes, signal)
    })
    const settled = (status: 'accepted' | 'closed') => {
      const answer = status === 'closed' && this.#isTerminated ? 'failed' : statusOf(status)
      this.#metrics.written(isRepeated && answer === 'accepted' ? 'deduplicated' : answer, length)
      if (answer === 'failed') throw new GatewayError('refused', 'failed to write to process stdin')
      return answer
    }
    return typeof outcome === 'string' ? settled(outcome) : outcome.then(settled)
  }

  /** Closes it once what was written before is in it. Closing it again changes nothing. */
  close(signal: AbortSignal): WriteStatus | Promise<WriteStatus> {
    this.#refuseTerminal('processId')
    const outcome = this.#input?.writeLast(Buffer.alloc(0), signal) ?? 'closed'
    return typeof outcome === 'string' ? statusOf(outcome) : outcome.then(statusOf)
  }

  /** What waits is dropped, and whoever writes now learns that it failed. */
  terminated(): void {
    this.#isTerminated = true
    this.drop()
  }

  /** What waits is dropped, and whoever writes now learns that it is closed. */
  drop(): void {
    this.#input?.[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#input = undefined
  }

  #refuseTerminal(field: string): void {
    if (!this.#isTerminal) return
    const message = 'the input of a terminal cannot be closed: write the byte 0x04 to type its end'
    throw new GatewayError('invalidParams', message, { data: { field } })
  }
}

function statusOf(outcome: 'accepted' | 'closed'): 'accepted' | 'stdinClosed' {
  return outcome === 'closed' ? 'stdinClosed' : outcome
}
