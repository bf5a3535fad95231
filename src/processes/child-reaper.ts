import type { EpollSet } from '../libc/epoll-set.ts'
import { errnos, type Libc, type WaitedChild } from '../libc/libc.ts'
import { SystemError } from '../libc/system-error.ts'

interface Watched {
  /** Readable once the process has ended; absent where the kernel has no pidfds. */
  readonly pidDescriptor: number | undefined
  readonly exited: (child: WaitedChild) => void
}

/**
 * Waits for the children of the native engine. Owns the SIGCHLD listener, hence one for each program, made in
 * main.ts and passed in.
 *
 * Linux merges pending SIGCHLDs, so one signal may stand for many exits. A pidfd for each child in one epoll set tells
 * which ones ended, so that the cost of an exit does not grow with the number of living children. Every child is
 * waited for by its own pid: waiting for any child would steal those of Node itself.
 */
export class ChildReaper implements Disposable {
  readonly #libc: Libc
  readonly #ended: EpollSet
  readonly #watched = new Map<number, Watched>()
  readonly #withoutDescriptor = new Set<number>()

  private constructor(libc: Libc) {
    this.#libc = libc
    this.#ended = libc.openEpollSet()
    process.on('SIGCHLD', this.#childEnded)
  }

  static open(libc: Libc): ChildReaper {
    return new ChildReaper(libc)
  }

  /** Calls `exited` once, after the process has been reaped. To be called right after the spawn. */
  watch(pid: number, exited: (child: WaitedChild) => void): void {
    const pidDescriptor = this.#watchDescriptor(pid)
    this.#watched.set(pid, { pidDescriptor, exited })
    if (pidDescriptor === undefined) this.#withoutDescriptor.add(pid)
  }

  /** Whether the child is waited for here. */
  isWatching(pid: number): boolean {
    return this.#watched.has(pid)
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#childEnded)
    for (const { pidDescriptor } of this.#watched.values()) {
      if (pidDescriptor !== undefined) this.#libc.close(pidDescriptor)
    }
    this.#watched.clear()
    this.#ended[Symbol.dispose]()
  }

  /**
   * A child whose debugger has not waited for it yet is ready, and cannot be reaped. There is a signal when it can be: nobody may look
   * for it until then.
   */
  readonly #childEnded = (): void => {
    for (const pid of this.#withoutDescriptor) this.reap(pid)
    let hasReaped: boolean
    do {
      hasReaped = false
      for (const pid of this.#ended.readyTags()) if (this.reap(pid)) hasReaped = true
    } while (hasReaped)
  }

  /**
   * Looks after one child; nothing happens while it lives. For whoever has reason to think that it has ended, before the signal.
   * @returns whether it has ended
   */
  reap(pid: number): boolean {
    const watched = this.#watched.get(pid)
    if (watched === undefined) return false
    const child = this.#wait(pid)
    if (child === undefined) return false
    this.#watched.delete(pid)
    this.#withoutDescriptor.delete(pid)
    try {
      watched.exited(child)
    } finally {
      if (watched.pidDescriptor !== undefined) this.#libc.close(watched.pidDescriptor)
    }
    return true
  }

  /** Somebody else reaping our child is the one way to lose its status; it must not stop the sweep. */
  #wait(pid: number): WaitedChild | undefined {
    try {
      return this.#libc.wait(pid)
    } catch (error) {
      if (error instanceof SystemError && error.errno === errnos.ECHILD)
        return { exitCode: undefined, signal: undefined, cpuSeconds: 0, peakMemoryBytes: 0 }
      throw error
    }
  }

  /**
   * Where there are no pidfds (an old kernel, a filter, no descriptor left) the child is asked at every signal instead:
   * it runs already and must not be lost.
   */
  #watchDescriptor(pid: number): number | undefined {
    let pidDescriptor: number | undefined
    try {
      pidDescriptor = this.#libc.openPidDescriptor(pid)
      if (pidDescriptor !== undefined) this.#ended.watch(pidDescriptor, pid)
      return pidDescriptor
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      if (pidDescriptor !== undefined) this.#libc.close(pidDescriptor)
      return undefined
    }
  }
}
