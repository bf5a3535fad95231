import { open, readFile, rm } from 'node:fs/promises'
import { readStat } from '../../lifecycle/proc-stat.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'

/** A program that runs, or ran, and when it began: the number alone may be another one's by now. */
interface Holder {
  readonly pid: number
  readonly start: string
}

/** Where the system does not tell when programs began. */
const unknownStart = '-'

/**
 * Keeps the journal of a transfer to one run at a time. The lock is a file beside it that names who has it; one whose program is
 * gone counts for nothing. If two runs find the same such lock at the same moment both may go on: that damages no file.
 */
export class JournalLock implements AsyncDisposable {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** @throws GatewayError `refused` while another run has it */
  static async take(journal: string): Promise<JournalLock> {
    const path = `${journal}.lock`
    const own = holderOf(process.pid) ?? { pid: process.pid, start: unknownStart }
    if (await create(path, own)) return new JournalLock(path)
    const holder = await readHolder(path)
    if (holder === undefined) throw held(journal, `: remove ${path} if that is not so`)
    if (isRunning(holder, own)) throw held(journal, `, process ${holder.pid}`)
    await rm(path, { force: true })
    if (await create(path, own)) return new JournalLock(path)
    throw held(journal, '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { force: true })
  }
}

/** @returns false when there is one */
async function create(path: string, { pid, start }: Holder): Promise<boolean> {
  try {
    await using creating = new AsyncDisposableStack()
    const file = creating.use(await open(path, 'wx', 0o600))
    // One that names nobody would never count for nothing.
    const unfinished = creating.use(new AsyncDisposableStack())
    unfinished.defer(() => rm(path, { force: true }))
    await file.writeFile(`${pid} ${start}\n`)
    unfinished.move()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined while it is being written, and for what is none. */
async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const [, pid, start] = /^(\d+) (\d+|-)\n$/.exec(text) ?? []
  return pid === undefined || start === undefined ? undefined : { pid: Number(pid), start }
}

function isRunning({ pid, start }: Holder, own: Holder): boolean {
  if (own.start !== unknownStart) return holderOf(pid)?.start === start
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Undefined for a program that is gone, or when the system does not tell. */
function holderOf(pid: number): Holder | undefined {
  const stat = readStat(pid)
  return stat === undefined || stat.state === 'Z' ? undefined : { pid, start: `${stat.startTicks}` }
}

function held(journal: string, whose: string): GatewayError {
  return new GatewayError('refused', `another run of this transfer is under way with the journal ${journal}${whose}`)
}
