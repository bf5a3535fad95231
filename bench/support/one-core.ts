import { execFileSync } from 'node:child_process'

/**
 * Keeps this process and the named ones on one core until it is disposed. What wakes up on another core takes several times as
 * long as a short request, or does not, as the scheduler likes: what is compared would be luck. taskset(1)
 */
export function onOneCore(pids: readonly number[]): Disposable {
  const everybody = [process.pid, ...pids]
  const before = /(\w+)$/m.exec(taskset('-p', String(process.pid)))?.[1] ?? ''
  const core = /(\d+)$/m.exec(taskset('-c', '-p', String(process.pid)))?.[1] ?? '0'
  for (const pid of everybody) taskset('-a', '-c', '-p', core, String(pid))
  return {
    [Symbol.dispose]: () => {
      taskset('-a', '-p', before, String(process.pid))
    },
  }
}

function taskset(...args: string[]): string {
  return execFileSync('taskset', args, { encoding: 'utf8' }).trim()
}
