import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'

/** A process that has ended and that its parent does not wait for, so that its number stays taken: a zombie. */
export interface DeadChild extends Disposable {
  readonly pid: number
}

/** The child ends with the input of its parent, once that is no shell any more, which might wait for it. */
const script = 'exec 3<&0; (read line <&3) & echo $!; exec sleep 60'

export async function leaveDeadChild(): Promise<DeadChild> {
  const parent = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [text] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(text)
  const told = (file: string) => readFileSync(`/proc/${file}`, 'latin1')
  await eventually(() => told(`${parent.pid}/comm`) === 'sleep\n', 'the parent waits for nobody')
  parent.stdin.end()
  await eventually(() => told(`${pid}/stat`).includes(') Z '), 'the child has ended')
  return { pid, [Symbol.dispose]: () => parent.kill('SIGKILL') }
}
