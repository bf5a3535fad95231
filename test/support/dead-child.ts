import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'

/** A process that has ended and that its parent does not wait for, so that its number stays taken: a zombie. */
export interface DeadChild extends Disposable {
  readonly pid: number
}

export async function leaveDeadChild(): Promise<DeadChild> {
  const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(text)
  await eventually(() => readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z '), 'the child has ended')
  return { pid, [Symbol.dispose]: () => parent.kill('SIGKILL') }
}
