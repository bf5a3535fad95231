import { readdirSync, readFileSync } from 'node:fs'

/** What the kernel tells about a process. proc_pid_stat(5) */
export interface ProcessStat {
  /** One letter; Z is a zombie. */
  readonly state: string
  readonly parent: number
  readonly session: number
  /** In the foreground of its terminal; absent without one. */
  readonly foregroundGroup: number | undefined
  /** In clock ticks since boot. */
  readonly startTicks: number
}

/** Every process there is. None where the system does not tell, as on macOS, or no descriptor is left to ask with. */
export function listedPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** `undefined` for a process that is gone. */
export function readStat(pid: number): ProcessStat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The name in field 2 may hold blanks and parentheses; what follows its last parenthesis is regular.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    foregroundGroup: Number(fields[5]) > 0 ? Number(fields[5]) : undefined,
    startTicks: Number(fields[19]),
  }
}
