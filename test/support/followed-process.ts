import type { OutputPage, OutputStream } from '../../src/protocol/process-schemas.ts'
import type { Received } from './conversation.ts'

/** What a stock client keeps of a process while an earlier event is missing. Beyond that it gives the process up. */
const maxEarlyEvents = 256
const maxEarlyBytes = 1024 * 1024

type ProcessEvent =
  | { readonly type: 'output'; readonly seq: number; readonly stream: OutputStream; readonly bytes: Buffer }
  | { readonly type: 'exited'; readonly seq: number; readonly exitCode: number }
  | { readonly type: 'closed'; readonly seq: number }

/** A stock client would give the process up here. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp'
}

/**
 * One process as a stock client follows it: events are published in the order of their numbers, whatever connection
 * they came on, and what was missed is read. As strict as that client: what makes it give the process up throws here.
 */
export class FollowedProcess {
  readonly id: string
  exitCode: number | undefined
  /** Number of the latest published event. */
  lastSeq = 0
  /** Resolves when the close is published. */
  readonly closed: Promise<void>
  readonly #closed = Promise.withResolvers<void>()
  readonly #output: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [], pty: [] }
  #isClosed = false
  readonly #early = new Map<number, ProcessEvent>()

  constructor(id: string) {
    this.id = id
    this.closed = this.#closed.promise
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  output(stream: OutputStream): Buffer {
    return Buffer.concat(this.#output[stream])
  }

  /** Takes a notification. Repeated ones are ignored, those that are early are kept. */
  notified(message: Received): void {
    const event = eventOf(message)
    if (event.seq <= this.lastSeq || this.#early.has(event.seq)) return
    this.#early.set(event.seq, event)
    if (event.seq === this.lastSeq + 1) return this.#publish()
    if (this.#early.size > maxEarlyEvents) throw new GivenUp('process event reorder buffer exceeds 256 entries')
    if (this.#earlyBytes > maxEarlyBytes) throw new GivenUp('process event reorder buffer exceeds 1048576 bytes')
  }

  /** Takes the answer to a read from `lastSeq`: with the notifications so far it must leave nothing out. */
  caughtUp(page: OutputPage): void {
    const target = page.nextSeq - 1
    for (const { seq, stream, chunk } of page.chunks) {
      if (seq > target) throw new GivenUp(`chunk ${seq} comes after the end of its page, ${target}`)
      if (seq > this.lastSeq) this.#early.set(seq, { type: 'output', seq, stream, bytes: Buffer.from(chunk, 'base64') })
    }
    if (page.closed && target > this.lastSeq) {
      if (this.#early.get(target)?.type === 'output') throw new GivenUp(`output has the number of the close, ${target}`)
      this.#early.set(target, { type: 'closed', seq: target })
    }
    for (const seq of this.#missingUpTo(target)) {
      // The number of the exit is not in a page: it is the one that is missing.
      if (!page.exited || this.#knowsExit) {
        throw new GivenUp(
          `process events are no longer retained while recovering through sequence ${target}: no ${seq}`,
        )
      }
      if (page.exitCode === null) throw new GivenUp('an exited process has no exit code')
      this.#early.set(seq, { type: 'exited', seq, exitCode: page.exitCode })
    }
    this.#publish()
  }

  get #knowsExit(): boolean {
    return this.exitCode !== undefined || this.#early.values().some(({ type }) => type === 'exited')
  }

  get #earlyBytes(): number {
    return this.#early.values().reduce((sum, event) => sum + (event.type === 'output' ? event.bytes.length : 0), 0)
  }

  *#missingUpTo(target: number): Iterable<number> {
    for (let seq = this.lastSeq + 1; seq <= target; seq++) if (!this.#early.has(seq)) yield seq
  }

  #publish(): void {
    for (let next = this.#early.get(this.lastSeq + 1); next !== undefined; next = this.#early.get(this.lastSeq + 1)) {
      if (this.#isClosed) throw new GivenUp(`event ${next.seq} comes after the close`)
      this.#early.delete(next.seq)
      this.lastSeq = next.seq
      if (next.type === 'output') this.#output[next.stream].push(next.bytes)
      else if (next.type === 'exited') this.exitCode = next.exitCode
      else this.#isClosed = true
    }
    if (this.#isClosed) this.#closed.resolve()
  }
}

function eventOf({ method, params }: Received): ProcessEvent {
  const seq = params.seq as number
  switch (method) {
    case 'process/output':
      return {
        type: 'output',
        seq,
        stream: params.stream as OutputStream,
        bytes: Buffer.from(params.chunk as string, 'base64'),
      }
    case 'process/exited':
      return { type: 'exited', seq, exitCode: params.exitCode as number }
    case 'process/closed':
      return { type: 'closed', seq }
    default:
      throw new Error(`${method} is not a notification about a process`)
  }
}
