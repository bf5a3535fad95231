import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, expect } from 'vitest'
import { isErrno } from '../../src/filesystem/errno.ts'

/** Pids whose parent this program is. proc_pid_children */
export function childrenOf(pid: number | 'self'): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(thread => childrenOfThread(`/proc/${pid}/task/${thread}`))
}

function childrenOfThread(folder: string): number[] {
  try {
    return readFileSync(`${folder}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
  } catch (error) {
    // Threads come and go.
    if (!isErrno(error, 'ENOENT', 'ESRCH')) throw error
    return []
  }
}

const listenersAtStart = new Map(['SIGCHLD', 'SIGTERM', 'SIGINT'].map(name => [name, process.listenerCount(name)]))

// Whatever a test started must be gone when it ends. Guards and timers are checked by the fixture that owns them.
afterEach(() => {
  expect(childrenOf('self'), 'child processes left behind').toEqual([])
  for (const [name, count] of listenersAtStart) {
    expect(process.listenerCount(name), `${name} listeners left behind`).toBe(count)
  }
})
