import type { Machine, TriedLibc, Trial } from '../../src/cli/doctor/machine.ts'

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max processes             60000                60000                processes
Max open files            20000                20000                files
`

/** What a machine has; a test hides parts of it. */
export interface FakeMachine {
  platform: string
  /** Contents by path. */
  files: Record<string, string>
  readOnly: Set<string>
  programs: Set<string>
  /** What programs that can be run come to, by their first word and, where that decides, the others too. */
  trials: Record<string, Trial>
  /** The C library, or why there is none. */
  libc: TriedLibc | string
  /** Why node-pty cannot be loaded. */
  ptyFailure: string | undefined
  /** Why nothing can be listened on. */
  bindFailure: string | undefined
  /** Descriptors that were opened and not closed. */
  readonly open: Set<number>
}

/** A machine that can do everything. */
export function ableMachine(): FakeMachine {
  const open = new Set<number>()
  return {
    platform: 'linux',
    files: {
      '/proc/7/stat': '7 (node) R 1',
      '/proc/7/limits': limits,
      '/proc/7/cgroup': '1:name=systemd:/x\n0::/gateway\n',
      '/sys/fs/cgroup/gateway/cgroup.controllers': 'cpu memory pids\n',
      '/sys/fs/cgroup/gateway/pids.max': 'max\n',
    },
    readOnly: new Set(),
    programs: new Set(['/bin/sh', '/usr/bin/grep', '/usr/local/bin/tr']),
    trials: {
      unshare: { isSuccess: true, said: '' },
      'bwrap --version': { isSuccess: true, said: 'bubblewrap 0.11.0' },
      bwrap: { isSuccess: true, said: '' },
    },
    libc: libcThatOpens(open),
    ptyFailure: undefined,
    bindFailure: undefined,
    open,
  }
}

export function libcThatOpens(open: Set<number>, failures: Partial<TriedLibc> = {}): TriedLibc {
  return {
    openTerminal: () => {
      open.add(20)
      return { master: 20, slavePath: '/dev/pts/3' }
    },
    openPidDescriptor: () => {
      open.add(21)
      return 21
    },
    close: descriptor => {
      open.delete(descriptor)
    },
    limitOf: () => 20_000,
    landlockVersion: () => 7,
    ...failures,
  }
}

/** As a doctor sees it. */
export function asMachine(fake: FakeMachine): Machine {
  return {
    platform: fake.platform,
    architecture: 'arm64',
    pid: 7,
    libc: () => {
      if (typeof fake.libc === 'string') throw new Error(fake.libc)
      return fake.libc
    },
    loadPty: () => {
      if (fake.ptyFailure !== undefined) throw new Error(fake.ptyFailure)
    },
    read: path => {
      const content = fake.files[path]
      if (content === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`)
      return content
    },
    mayWrite: path => !fake.readOnly.has(path),
    mayExecute: path => fake.programs.has(path),
    run: async (file, ...argv) => {
      const trial = fake.trials[[file, ...argv].join(' ')] ?? fake.trials[file]
      if (trial === undefined) throw new Error(`${file} is not on PATH`)
      return trial
    },
    bind: async () => {
      if (fake.bindFailure !== undefined) throw new Error(fake.bindFailure)
    },
  }
}
