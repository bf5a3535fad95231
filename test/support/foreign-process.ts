import { readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'
import { untilStill } from './until-still.ts'

/**
 * A process that is not a child of this program, told apart from a later one with the same pid by the time it started.
 * As a guard it kills what is left of it.
 */
export class ForeignProcess implements Disposable {
  readonly pid: number
  /** The command line with blanks between its words. proc_pid_cmdline(5) */
  readonly commandLine: string
  readonly #startTime: string

  private constructor(pid: number, startTime: string, commandLine: string) {
    this.pid = pid
    this.#startTime = startTime
    this.commandLine = commandLine
  }

  /** `undefined` when there is no such process. */
  static find(pid: number): ForeignProcess | undefined {
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
      return new ForeignProcess(pid, readStat(pid).startTime, commandLine)
    } catch {
      return undefined
    }
  }

  /** @throws when there is no such process */
  static of(pid: number): ForeignProcess {
    const found = ForeignProcess.find(pid)
    if (found === undefined) throw new Error(`there is no process ${pid}`)
    return found
  }

  /** A zombie has ended: whether it is reaped is up to its parent, which may be any process. */
  get isAlive(): boolean {
    return this.state !== undefined && this.state !== 'Z' && this.state !== 'X'
  }

  /** State letter of proc_pid_stat(5), `undefined` when it is gone. */
  get state(): string | undefined {
    try {
      const stat = readStat(this.pid)
      return stat.startTime === this.#startTime ? stat.state : undefined
    } catch {
      return undefined
    }
  }

  /** Resident memory. proc_pid_status(5), `VmRSS` */
  get residentKib(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))?.[1])
  }

  /** How long it has been running, to a hundredth of a second. */
  get ageMs(): number {
    const [uptimeSeconds] = readFileSync('/proc/uptime', 'latin1').split(' ')
    return Number(uptimeSeconds) * 1000 - Number(this.#startTime) * 10
  }

  /** Resolves when it no longer uses the processor. */
  async quiet(): Promise<void> {
    await untilStill(() => readStat(this.pid).cpuTicks)
  }

  async gone(): Promise<void> {
    await eventually(() => !this.isAlive, `process ${this.pid} (${this.commandLine}) is gone`)
  }

  kill(): void {
    if (this.isAlive) process.kill(this.pid, 'SIGKILL')
  }

  [Symbol.dispose](): void {
    this.kill()
  }
}

/** @throws when there is no such process */
function readStat(pid: number): { state: string; cpuTicks: number; startTime: string } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name in field 2 may hold blanks and parentheses; what follows its last parenthesis is regular.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = ''] = fields
  const [userTicks, systemTicks] = fields.slice(11, 13)
  return { state, cpuTicks: Number(userTicks) + Number(systemTicks), startTime: fields[19] ?? '' }
}
