import { expect, it } from 'vitest'
import type { Libc, WaitedChild } from '../libc/libc.ts'
import { ChildReaper } from './child-reaper.ts'

const ended: WaitedChild = { exitCode: 0, signal: undefined, cpuSeconds: 0, peakMemoryBytes: 0 }

/** Children that are told of as soon as they have ended, and can be waited for once nobody debugs them. */
class FakeChildren {
  readonly #ready = new Set<number>()
  readonly #waitable = new Set<number>()
  #looks = 0

  ends(pid: number, { isDebugged = false } = {}): void {
    this.#ready.add(pid)
    if (!isDebugged) this.#waitable.add(pid)
    this.#looks = 0
    process.emit('SIGCHLD', 'SIGCHLD')
  }

  get libc(): Libc {
    const libc: Pick<Libc, 'openEpollSet' | 'openPidDescriptor' | 'wait' | 'close'> = {
      openEpollSet: () =>
        ({ watch: () => {}, readyTags: () => this.#look(), [Symbol.dispose]: () => {} }) as unknown as ReturnType<
          Libc['openEpollSet']
        >,
      openPidDescriptor: pid => pid,
      wait: pid => (this.#waitable.has(pid) ? ended : undefined),
      close: pid => this.#ready.delete(pid),
    }
    return libc as Libc
  }

  #look(): number[] {
    this.#looks += 1
    if (this.#looks > 100) throw new Error('looks for ever')
    return [...this.#ready]
  }
}

it('does not wait for a child that a debugger holds on to, and tells of it once that is over', () => {
  const children = new FakeChildren()
  using reaper = ChildReaper.open(children.libc)
  const told: string[] = []
  reaper.watch(1, () => told.push('debugged'))
  reaper.watch(2, () => told.push('other'))
  children.ends(1, { isDebugged: true })
  expect(told).toEqual([])
  children.ends(2)
  expect(told).toEqual(['other'])
  children.ends(1)
  expect(told).toEqual(['other', 'debugged'])
})
