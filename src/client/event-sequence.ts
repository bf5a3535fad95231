import type { OutputPage } from '../protocol/process-schemas.ts'
import { type ExitedEvent, type ProcessEvent, sizeOf } from './process-event.ts'

/** What is kept of a process while an earlier event is missing. Beyond that it cannot be followed any further. */
const maxEarlyEvents = 256
const maxEarlyBytes = 1024 * 1024

/** Largest payload of one output event. */
const maxEventBytes = 1024 * 1024

/** While a resumed session is caught up with, events stream in ahead of the read that explains them: room for that. */
const catchUpFactor = 16

/** Why a process cannot be followed any further. */
export class SequenceBroken extends Error {
  override readonly name = 'SequenceBroken'
}

/**
 * Puts the events of one process in order, whatever connection they came on and however often. Each is published once, in
 * the order of its number; what comes early waits, within bounds.
 */
export class EventSequence {
  readonly #publish: (event: ProcessEvent) => void
  readonly #early = new Map<number, ProcessEvent>()
  #earlyBytes = 0
  #lastSeq = 0
  #hasExited = false
  #isClosed = false
  #isCatchingUp = false

  constructor(publish: (event: ProcessEvent) => void) {
    this.#publish = publish
  }

  /** Number of the event published last; 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Takes an event as it was pushed.
   * @throws SequenceBroken beyond the bounds
   */
  take(event: ProcessEvent): void {
    if (this.#isClosed || event.seq <= this.#lastSeq || this.#early.has(event.seq)) return
    const bytes = sizeOf(event)
    if (bytes > maxEventBytes) throw new SequenceBroken(`process event exceeds ${maxEventBytes} bytes`)
    // The event everybody waits for is taken however many wait.
    if (event.seq !== this.#lastSeq + 1) this.#demandRoom(bytes)
    this.#keep(event)
    this.#publishReady()
  }

  /** From now until `recover` events may come far ahead of what was missed. */
  expectCatchUp(): void {
    this.#isCatchingUp = true
  }

  /**
   * Takes the answer to a read from `lastSeq`. Everything up to its end must then be known: the number of an exit is not in
   * it, and is the one that is missing. Nothing is published before the whole answer has been found good.
   * @throws SequenceBroken when it leaves something out or contradicts itself
   */
  recover(page: OutputPage): void {
    this.#isCatchingUp = false
    if (page.failure !== null) throw new SequenceBroken(`process failed while recovering: ${page.failure}`)
    const target = page.nextSeq - 1
    if (this.#isClosed || target <= this.#lastSeq) return
    this.#refuseContradictions(page, target)
    const recovered = this.#recoveredEvents(page, target)
    const missing = target - this.#lastSeq - this.#countKnown(recovered, target)
    const knowsExit = this.#hasExited || this.#early.values().some(({ type }) => type === 'exited')
    if (missing !== (page.exited && !knowsExit ? 1 : 0)) {
      throw new SequenceBroken(`process events are no longer retained while recovering through sequence ${target}`)
    }
    if (missing === 1) recovered.push(this.#inferredExit(page, recovered))
    this.#completeExit(page, target)
    for (const event of recovered) this.#keep(event)
    this.#publishReady()
  }

  #refuseContradictions({ closed, chunks }: OutputPage, target: number): void {
    const beyond = chunks.find(({ seq }) => seq > target)
    if (beyond !== undefined) {
      throw new SequenceBroken(`recovered output ${beyond.seq} is beyond the end of its page, ${target}`)
    }
    const early = this.#early.get(target)
    if (closed && ((early !== undefined && early.type !== 'closed') || chunks.some(({ seq }) => seq === target))) {
      throw new SequenceBroken(`process close sequence ${target} conflicts with recovered output`)
    }
  }

  /** What the page says and has not been pushed. */
  #recoveredEvents({ chunks, closed }: OutputPage, target: number): ProcessEvent[] {
    const isNew = (seq: number) => seq > this.#lastSeq && !this.#early.has(seq)
    const events: ProcessEvent[] = chunks
      .filter(({ seq }) => isNew(seq))
      .map(({ seq, stream, chunk }) => ({ type: 'output', seq, stream, bytes: Buffer.from(chunk, 'base64') }))
    if (closed && isNew(target)) events.push({ type: 'closed', seq: target })
    return events
  }

  #countKnown(recovered: readonly ProcessEvent[], target: number): number {
    const early = this.#early.keys().reduce((count, seq) => count + (seq <= target ? 1 : 0), 0)
    return early + new Set(recovered.map(({ seq }) => seq)).size
  }

  #inferredExit(page: OutputPage, recovered: readonly ProcessEvent[]): ExitedEvent {
    if (page.exitCode === null) {
      throw new SequenceBroken('recovering exited process did not include its exit code')
    }
    const known = new Set(recovered.map(({ seq }) => seq))
    let seq = this.#lastSeq + 1
    while (known.has(seq) || this.#early.has(seq)) seq += 1
    const { exitCode, sandboxDenied, receipt } = page
    return { type: 'exited', seq, exitCode, sandboxDenied, receipt }
  }

  /** An exit that was pushed and still waits learns what only the page knows. */
  #completeExit(page: OutputPage, target: number): void {
    for (const event of this.#early.values()) {
      if (event.type !== 'exited' || event.seq > target) continue
      const sandboxDenied = (event.sandboxDenied ?? false) || page.sandboxDenied
      this.#early.set(event.seq, { ...event, sandboxDenied, receipt: event.receipt ?? page.receipt })
    }
  }

  #demandRoom(bytes: number): void {
    const factor = this.#isCatchingUp ? catchUpFactor : 1
    if (this.#early.size >= maxEarlyEvents * factor) {
      throw new SequenceBroken(`process event reorder buffer exceeds ${maxEarlyEvents} entries`)
    }
    if (this.#earlyBytes + bytes > maxEarlyBytes * factor) {
      throw new SequenceBroken(`process event reorder buffer exceeds ${maxEarlyBytes} bytes`)
    }
  }

  #keep(event: ProcessEvent): void {
    this.#early.set(event.seq, event)
    this.#earlyBytes += sizeOf(event)
  }

  #publishReady(): void {
    for (;;) {
      const next = this.#early.get(this.#lastSeq + 1)
      if (next === undefined || this.#isClosed) return
      this.#early.delete(next.seq)
      this.#earlyBytes -= sizeOf(next)
      this.#lastSeq = next.seq
      if (next.type === 'exited') this.#hasExited = true
      if (next.type === 'closed') this.#isClosed = true
      this.#publish(next)
    }
  }
}
