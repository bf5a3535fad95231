import type { Waiter } from './delivery.ts'

/**
 * The output that all processes of a gateway keep together while they are not closed, in fair shares: a session may keep as
 * much as is left for the others. Whoever keeps less is let on while the greedy are held back, and a session that comes late
 * finds something left.
 *
 * Half of the limit is shared in this way. The other half is a floor for every session there may be, so that even among
 * many greedy ones each goes on.
 */
export class OutputBudget implements Disposable {
  /** Beyond it every session has its floor and nothing else. */
  readonly sharedBytes: number
  readonly #floorBytes: number
  /** Sessions that keep more than their share: what their clients have confirmed is to go. */
  readonly #overdrawn = new Set<SessionOutput>()
  /** Who was held back for it, the longest waiting first. */
  readonly #inLine = new Map<Waiter, KeptOutput>()
  #keptBytes = 0
  /** Whoever may go on is told once for each turn of the event loop. */
  #round: NodeJS.Immediate | undefined

  constructor({ retainedOutputBytes, maxSessions }: { retainedOutputBytes: number; maxSessions: number }) {
    this.sharedBytes = retainedOutputBytes / 2
    this.#floorBytes = this.sharedBytes / maxSessions
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  /** What one session may keep at the moment. */
  get shareBytes(): number {
    return Math.max(this.#floorBytes, this.sharedBytes - this.#keptBytes)
  }

  session(): SessionOutput {
    return new SessionOutput(this)
  }

  changed(bytes: number): void {
    this.#keptBytes += bytes
    if (bytes < 0 && this.#inLine.size > 0) this.#round ??= setImmediate(this.#tell)
  }

  /** Has what clients have confirmed evicted soon, in whichever process of the session. */
  relieve(session: SessionOutput): void {
    this.#overdrawn.add(session)
    this.#round ??= setImmediate(this.#tell)
  }

  awaitRoom(waiter: Waiter, kept: KeptOutput): void {
    this.#inLine.set(waiter, kept)
  }

  forget(waiter: Waiter): void {
    this.#inLine.delete(waiter)
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#round)
  }

  readonly #tell = (): void => {
    this.#round = undefined
    const overdrawn = [...this.#overdrawn]
    this.#overdrawn.clear()
    for (const session of overdrawn) session.evictConfirmed()
    for (const [waiter, kept] of this.#inLine) {
      if (kept.isOverShare) continue
      this.#inLine.delete(waiter)
      waiter.roomMade()
    }
  }
}

/** What the processes of one session keep. */
export class SessionOutput {
  readonly budget: OutputBudget
  readonly #keepers = new Set<Waiter>()
  #keptBytes = 0

  constructor(budget: OutputBudget) {
    this.budget = budget
  }

  get isOverShare(): boolean {
    return this.#keptBytes > this.budget.shareBytes
  }

  process(owner: Waiter): KeptOutput {
    return new KeptOutput(this, owner)
  }

  changed(bytes: number): void {
    this.#keptBytes += bytes
    this.budget.changed(bytes)
  }

  /** The process begins or ceases to keep anything. */
  keeps(keeper: Waiter, keepsAnything: boolean): void {
    if (keepsAnything) this.#keepers.add(keeper)
    else this.#keepers.delete(keeper)
  }

  evictConfirmed(): void {
    for (const keeper of this.#keepers) {
      if (!this.isOverShare) return
      keeper.acknowledged()
    }
  }
}

/** What one process keeps, as long as it is not closed. */
export class KeptOutput implements Disposable {
  readonly #session: SessionOutput
  readonly #owner: Waiter
  #bytes = 0
  #isOver = false

  constructor(session: SessionOutput, owner: Waiter) {
    this.#session = session
    this.#owner = owner
  }

  /** Whether the session keeps more than its share. */
  get isOverShare(): boolean {
    return !this.#isOver && this.#session.isOverShare
  }

  added(bytes: number): void {
    this.#change(bytes)
  }

  removed(bytes: number): void {
    this.#change(-bytes)
  }

  /** Has what was confirmed evicted all over the session. */
  relieve(): void {
    this.#session.budget.relieve(this.#session)
  }

  /** Calls `roomMade` once the session keeps less than its share. */
  awaitRoom(): void {
    this.#session.budget.awaitRoom(this.#owner, this)
  }

  /** The process goes on for another reason. */
  leaveLine(): void {
    this.#session.budget.forget(this.#owner)
  }

  /** From now on somebody else accounts for it, or it is gone. */
  [Symbol.dispose](): void {
    this.#change(-this.#bytes)
    this.#isOver = true
    this.leaveLine()
  }

  #change(bytes: number): void {
    if (this.#isOver || bytes === 0) return
    const hadAny = this.#bytes > 0
    this.#bytes += bytes
    this.#session.changed(bytes)
    const hasAny = this.#bytes > 0
    if (hasAny !== hadAny) this.#session.keeps(this.#owner, hasAny)
  }
}
