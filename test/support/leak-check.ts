import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, expect } from 'vitest'

/** Pids whose parent this program is. proc_pid_children */
export function childrenOf(pid: number | 'self'): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
}

const listenersAtStart = new Map(['SIGCHLD', 'SIGTERM', 'SIGINT'].map(name => [name, process.listenerCount(name)]))

// Whatever a test started must be gone when it ends. Guards and timers are checked by the fixture that owns them.
afterEach(() => {
  expect(childrenOf('self'), 'child processes left behind').toEqual([])
  for (const [name, count] of listenersAtStart) {
    expect(process.listenerCount(name), `${name} listeners left behind`).toBe(count)
  }
})
