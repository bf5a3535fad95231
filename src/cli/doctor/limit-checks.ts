import type { Check } from './check.ts'
import type { Machine } from './machine.ts'

/** What a gateway of a thousand processes needs: see "Fleets" of docs/operations.md. */
const enoughDescriptors = 8192
/** The default of `--max-processes`. */
const enoughProcesses = 4096

const RLIMIT_NOFILE = 7

export const descriptors: Check = {
  name: 'descriptors',
  isNeeded: false,
  purpose: `open files, four for each process and one for each connection; ${enoughDescriptors} do for a thousand processes`,
  advice: 'Raise the limit: `ulimit -n`, LimitNOFILE of systemd, --ulimit nofile of docker.',
  examine: machine => describeLimit(limitOf(machine, 'Max open files'), enoughDescriptors),
}

export const processes: Check = {
  name: 'processes',
  isNeeded: false,
  purpose: `processes and threads of this user; a gateway may start ${enoughProcesses} by default`,
  advice: 'Raise the limit: `ulimit -u`, TasksMax of systemd, --pids-limit of docker; or lower --max-processes.',
  examine: machine => {
    const limits = [limitOf(machine, 'Max processes'), limitOfGroup(machine)]
    return describeLimit(Math.min(...limits), enoughProcesses)
  },
}

export const prlimit: Check = {
  name: 'prlimit',
  isNeeded: false,
  purpose: 'sets limits for single processes',
  advice: 'Use a seccomp profile that allows prlimit64.',
  examine: machine => {
    machine.libc().limitOf(0, RLIMIT_NOFILE)
    return 'prlimit works'
  },
}

/** The soft limit of this process. proc_pid_limits(5) */
function limitOf({ read, pid }: Machine, name: string): number {
  const line = read(`/proc/${pid}/limits`)
    .split('\n')
    .find(candidate => candidate.startsWith(`${name} `))
  const [soft = ''] = line?.slice(name.length).trim().split(/\s+/) ?? []
  return parseLimit(soft, 'unlimited')
}

/** The limit of this process's cgroup; none where it cannot be read. */
function limitOfGroup(machine: Machine): number {
  try {
    return parseLimit(machine.read(`${groupFolder(machine)}/pids.max`).trim(), 'max')
  } catch {
    return Infinity
  }
}

/** Where the cgroup of this process, version 2, is found. cgroups(7) */
export function groupFolder({ read, pid }: Machine): string {
  const { path } = /^0::(?<path>\/.*)$/m.exec(read(`/proc/${pid}/cgroup`))?.groups ?? {}
  if (path === undefined) throw new Error('this process is in no group of cgroup version 2')
  return `/sys/fs/cgroup${path === '/' ? '' : path}`
}

function parseLimit(text: string, unlimited: string): number {
  if (text === unlimited) return Infinity
  if (!/^\d+$/.test(text)) throw new Error('the limit cannot be read')
  return Number(text)
}

function describeLimit(limit: number, enough: number): string {
  if (limit < enough) throw new Error(`the limit is ${limit}`)
  return limit === Infinity ? 'no limit' : `the limit is ${limit}`
}
