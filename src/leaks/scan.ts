import { readdirSync, readFileSync, statSync } from 'node:fs'
import { type ProcessStat, readStat } from '../lifecycle/proc-stat.ts'

/** A process that concerns a gateway. */
export interface ScannedProcess extends Omit<ProcessStat, 'foregroundGroup'> {
  readonly pid: number
  /** Value of its mark, if it can be read and has one. */
  readonly mark: string | undefined
}

export interface ScanRequest {
  /** Name of the variable that marks processes. */
  readonly variable: string
  /** How the marks begin that are looked for. */
  readonly prefix: string
  /** Processes with this parent concern the gateway as well. */
  readonly parent: number
  /** So do the members of these operating-system sessions. */
  readonly sessions: readonly number[]
  /** Only processes of this user are looked into. */
  readonly user: number
}

/** More than this are not reported one by one. */
const maxScanned = 50_000

/** Looks at every process of the machine. Blocks for as long as that takes, hence the thread it runs on. */
export function scanProcesses({ variable, prefix, parent, sessions, user }: ScanRequest): ScannedProcess[] {
  const known = new Set(sessions)
  const found: ScannedProcess[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || found.length >= maxScanned) continue
    const stat = readStat(pid)
    if (stat === undefined) continue
    const mark = readMark(pid, variable, prefix, user)
    if (mark !== undefined || stat.parent === parent || known.has(stat.session)) found.push({ pid, ...stat, mark })
  }
  return found
}

/** The mark of a process; `undefined` when it has none that begins like that, or is not ours to look into. */
export function readMark(pid: number, variable: string, prefix: string, user: number): string | undefined {
  try {
    if (statSync(`/proc/${pid}`).uid !== user) return undefined
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
    const start = `${variable}=`
    const entry = environment
      .split('\0')
      .find(text => text.startsWith(start))
      ?.slice(start.length)
    return entry?.startsWith(prefix) ? entry : undefined
  } catch {
    return undefined
  }
}
