import { outputChunkBytes, retainedOutputBytes, retainedOutputChunks } from '../protocol/limits.ts'
import type { OutputPage, OutputStream, Receipt } from '../protocol/process-schemas.ts'
import type { ChunkMemory } from './chunk-memory.ts'
import type { Delivery, Waiter } from './delivery.ts'
import type { KeptOutput } from './output-budget.ts'
import { PendingOutput } from './pending-output.ts'
import { bytesIn, type Room } from './output-slabs.ts'
import { chunkRecordBytes, RetainedOutput } from './retained-output.ts'

/**
 * What a resumed client is sent before it has read what it missed, on however many connections it tries. It keeps early
 * events until then, but gives the process up beyond 256 of them or 1 MiB. What is in the pipes when the process ends may
 * come on top.
 */
const maxEventsAhead = 128
const maxBytesAhead = 256 * 1024

/** The mark of what was recorded while nobody was attached: the peer learns of it by reading. */
const neverSent = -1

/** Told what the log loses. */
export interface OutputObserver {
  evicted(bytes: number): void
  /** A reader asked for output that is gone. */
  gapSeen(): void
}

export interface OutputLogOptions {
  readonly processId: string
  /** How much is kept for a peer that is away, or has not confirmed what it was sent. */
  readonly detachedOutputBytes: number
  /** What it keeps counts here. */
  readonly kept: KeptOutput
  /** What it keeps lies here. */
  readonly memory: ChunkMemory
  /** Called back by the delivery. */
  readonly owner: Waiter
  readonly observer: OutputObserver
  readonly delivery: Delivery | undefined
}

/**
 * Everything one process says, numbered. Output becomes chunks, chunks and the two ends take the next sequence number, and
 * each is kept in the window and handed to the delivery if one is attached.
 *
 * Adjacent output of one stream is merged before it is numbered. Nothing that the peer may have missed is evicted: neither
 * what it has not acknowledged, nor anything between a detach and the read that catches up.
 */
export class OutputLog {
  readonly #processId: string
  readonly #owner: Waiter
  readonly #observer: OutputObserver
  readonly #detachedOutputBytes: number
  readonly #kept: KeptOutput
  readonly #window: RetainedOutput
  #delivery: Delivery | undefined
  #nextSeq = 1
  #pending = new PendingOutput()
  #pendingStream: OutputStream = 'stdout'
  /** While nobody is attached, and then until the client has caught up: nothing is evicted. */
  #holding: boolean
  /** Chunks up to this number were sent, at the latest, by a reply with this mark. */
  #caughtUp = { seq: 0, mark: neverSent }
  /** Nothing up to this number can be read any more. */
  #evictedSeq = 0
  /** What was sent to a client that is not known to have caught up. */
  #ahead = { events: 0, bytes: 0 }

  constructor(options: OutputLogOptions) {
    this.#processId = options.processId
    this.#detachedOutputBytes = options.detachedOutputBytes
    this.#kept = options.kept
    this.#window = new RetainedOutput(options.memory)
    this.#owner = options.owner
    this.#observer = options.observer
    this.#delivery = options.delivery
    this.#holding = options.delivery === undefined
  }

  /** One more than the highest number taken. */
  get nextSeq(): number {
    return this.#nextSeq
  }

  get isAttached(): boolean {
    return this.#delivery !== undefined
  }

  /** Whether the client has come back and has not read everything that it missed. */
  get isCatchingUp(): boolean {
    return this.#holding && this.isAttached
  }

  /** Whether output waits to be numbered. */
  get hasPending(): boolean {
    return this.#pending.bytes > 0
  }

  get retainedBytes(): number {
    return this.#window.bytes + this.#pending.bytes
  }

  /** The same, with what chunks take besides their bytes. */
  get keptBytes(): number {
    return this.retainedBytes + this.#window.count * chunkRecordBytes
  }

  /** Whether its session keeps more than it may. */
  get isOverShare(): boolean {
    return this.#kept.isOverShare
  }

  /** Whether the process has to be held back: the peer is slow, or there is no room and nothing may be evicted. */
  get isFull(): boolean {
    if (this.#delivery?.hasRoom === false) return true
    if (this.#holding) return this.#isWindowFull || this.#isAhead || this.isOverShare
    const isUnconfirmed = (this.#isOverdue && this.#isWindowFull) || (this.isOverShare && this.#window.count > 0)
    return isUnconfirmed && this.#delivery?.isConfirming === true
  }

  /** Has the owner called back once there is room, if that is what is missing. */
  awaitRoom(): void {
    if (this.#delivery?.hasRoom === false) this.#delivery.awaitRoom(this.#owner)
    else if (this.isOverShare) this.#kept.awaitRoom()
  }

  /**
   * Takes output in. Full chunks are numbered at once unless the process has to be held back; the rest waits for
   * `seal`. The bytes are borrowed.
   */
  append(stream: OutputStream, bytes: Buffer): void {
    if (stream !== this.#pendingStream) {
      this.seal()
      this.#pendingStream = stream
    }
    this.#kept.added(bytes.length)
    if (this.isOverShare) {
      this.evict()
      this.#kept.relieve()
    }
    if (this.#pending.bytes === 0 && bytes.length === outputChunkBytes && !this.isFull) {
      const room = this.#window.take(bytes.length)
      bytes.copy(bytesIn(room))
      return this.#record(stream, room)
    }
    this.#pending.append(bytes)
    if (this.#pending.bytes >= outputChunkBytes && !this.isFull) this.#recordPending('full chunks')
  }

  /** Numbers what is pending. */
  seal(): void {
    if (this.#pending.bytes > 0) this.#recordPending('everything')
  }

  /** Numbers what is pending, chunk by chunk, as far as there is room. */
  sealWithinRoom(): void {
    if (this.#pending.bytes > 0 && !this.isFull) this.#recordPending('what there is room for')
  }

  /** What is pending stays for longer than a turn of the event loop. */
  settle(): void {
    this.#pending.settle()
  }

  /** The owner does not wait for the session any more. */
  leaveLine(): void {
    this.#kept.leaveLine()
  }

  recordExit(exitCode: number, receipt: Receipt | undefined): void {
    this.seal()
    const seq = this.#nextSeq++
    this.#delivery?.deliver({
      type: 'exited',
      processId: this.#processId,
      seq,
      exitCode,
      sandboxDenied: false,
      ...(receipt !== undefined && { receipt }),
    })
  }

  recordClosed(): void {
    this.seal()
    const seq = this.#nextSeq++
    this.#delivery?.deliver({ type: 'closed', processId: this.#processId, seq })
    // Closed processes are accounted for by themselves.
    this.#kept[Symbol.dispose]()
  }

  /** From now on events go to the delivery. What came before is for `page`. */
  attach(delivery: Delivery): void {
    this.seal()
    this.#delivery = delivery
  }

  /** Events are only recorded from now on, and nothing is evicted. */
  detach(): void {
    const delivery = this.#delivery
    if (delivery !== undefined && !this.#holding && this.#caughtUp.mark < delivery.acknowledgedMark) {
      this.#ahead = { events: 0, bytes: 0 }
    }
    delivery?.forget(this.#owner)
    this.#delivery = undefined
    this.#holding = true
  }

  /** What a reader gets who has seen everything up to `afterSeq`, and the number to read on from. */
  page(afterSeq: number, maxBytes: number | undefined): Pick<OutputPage, 'chunks' | 'nextSeq' | 'firstRetainedSeq'> {
    this.seal()
    if (afterSeq < this.#evictedSeq) this.#observer.gapSeen()
    const chunks = this.#window.page(afterSeq, maxBytes)
    const last = chunks.at(-1)
    const nextSeq = maxBytes === undefined || last === undefined ? this.#nextSeq : last.seq + 1
    if (this.#holding && !this.#window.hasAfter(nextSeq - 1)) this.release()
    return { chunks, nextSeq, ...(this.#evictedSeq > 0 && { firstRetainedSeq: this.#evictedSeq + 1 }) }
  }

  hasOutputAfter(afterSeq: number): boolean {
    return this.#pending.bytes > 0 || this.#window.hasAfter(afterSeq)
  }

  /** The client has caught up, or does not care to: acknowledged output may be evicted again. */
  release(): void {
    if (this.#delivery === undefined) return
    this.#holding = false
    this.#caughtUp = { seq: this.#nextSeq - 1, mark: this.#delivery.mark }
    this.evict()
  }

  /** Drops the oldest chunks beyond the window, and beyond the share of the session, as far as the peer has them. */
  evict(): void {
    const window = this.#window
    while (this.#isOverdue || this.isOverShare) {
      const { oldest } = window
      const delivery = this.#delivery
      if (this.#holding || oldest === undefined || delivery === undefined) return
      const mark = oldest.seq <= this.#caughtUp.seq ? this.#caughtUp.mark : oldest.mark
      if (mark >= delivery.acknowledgedMark && (delivery.isConfirming || !(this.#isWindowFull || this.isOverShare))) {
        return delivery.awaitAcknowledgement(this.#owner)
      }
      const { length } = oldest.room
      window.evictOldest()
      this.#kept.removed(length + chunkRecordBytes)
      this.#evictedSeq = oldest.seq
      this.#observer.evicted(length)
    }
  }

  [Symbol.dispose](): void {
    this.#delivery?.forget(this.#owner)
    this.#delivery = undefined
    this.#pending = new PendingOutput()
    this.#window.clear()
    this.#kept[Symbol.dispose]()
  }

  /** Whether more is held than can be read again by rule. */
  get #isOverdue(): boolean {
    return this.#window.bytes > retainedOutputBytes || this.#window.count > retainedOutputChunks
  }

  /** Whether a client that has not caught up could not keep what is sent to it. */
  get #isAhead(): boolean {
    const { events, bytes } = this.#ahead
    return this.#delivery !== undefined && (events >= maxEventsAhead || bytes >= maxBytesAhead)
  }

  get #isWindowFull(): boolean {
    const limit = this.#detachedOutputBytes
    return (
      this.#window.replyBytes + (this.#pending.bytes * 4) / 3 >= (limit * 4) / 3 ||
      this.#window.count >= retainedOutputChunks
    )
  }

  #recordPending(what: 'full chunks' | 'what there is room for' | 'everything'): void {
    const pending = this.#pending
    // What is being recorded does not count as pending: there is room for it or there is not.
    this.#pending = new PendingOutput()
    const least = what === 'full chunks' ? outputChunkBytes : 1
    while (pending.bytes >= least && (what === 'everything' || !this.isFull)) {
      const room = this.#window.take(Math.min(pending.bytes, outputChunkBytes))
      pending.moveTo(bytesIn(room))
      this.#record(this.#pendingStream, room)
    }
    this.#pending = pending
  }

  /** What lies in the room is kept there. */
  #record(stream: OutputStream, room: Room): void {
    const seq = this.#nextSeq++
    if (this.#holding && this.#delivery !== undefined) {
      this.#ahead.events++
      this.#ahead.bytes += room.length
    }
    const event = { type: 'output', processId: this.#processId, seq, stream, bytes: bytesIn(room) } as const
    const mark = this.#delivery?.deliver(event) ?? neverSent
    this.#window.append({ seq, stream, room, mark })
    this.#kept.added(chunkRecordBytes)
    this.evict()
  }
}
