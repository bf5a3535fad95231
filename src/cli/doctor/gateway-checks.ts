import type { Check } from './check.ts'

/** Where the watchdog looks for its programs. */
const watchdogFolders = ['/usr/local/bin', '/usr/bin', '/bin']

/** Starts processes. */
export const engine: Check = {
  name: 'engine',
  isNeeded: true,
  purpose: 'starts processes',
  advice: 'Use Linux with glibc 2.34 or later on x64 or arm64, and install optional packages too: `npm ci`.',
  examine: ({ libc, platform, architecture }) => {
    libc()
    return `posix_spawn by way of koffi, on ${platform} ${architecture}`
  },
}

export const terminals: Check = {
  name: 'terminals',
  isNeeded: true,
  purpose: 'runs processes in terminals',
  advice: 'Mount devpts on /dev/pts and let this user open /dev/ptmx.',
  examine: machine => {
    const libc = machine.libc()
    const { master, slavePath } = libc.openTerminal()
    libc.close(master)
    return `a new one was ${slavePath}`
  },
}

export const pidfd: Check = {
  name: 'pidfd',
  isNeeded: true,
  purpose: 'notices ends of processes and signals none by mistake',
  advice: 'Use Linux 5.3 or later, and a seccomp profile that allows pidfd_open and pidfd_send_signal.',
  examine: machine => {
    const libc = machine.libc()
    const descriptor = libc.openPidDescriptor(machine.pid)
    if (descriptor === undefined) throw new Error('pidfd_open does not find this process')
    libc.close(descriptor)
    return 'pidfd_open works'
  },
}

export const loopback: Check = {
  name: 'loopback',
  isNeeded: true,
  purpose: 'lets clients of this machine connect',
  advice: 'Bring the loopback interface up: `ip link set lo up`.',
  examine: async ({ bind }) => {
    await bind('127.0.0.1')
    return '127.0.0.1 can be listened on'
  },
}

export const procfs: Check = {
  name: 'proc',
  isNeeded: true,
  purpose: 'finds descendants of processes, and leaks',
  advice: 'Mount proc on /proc, so that processes of the same user are visible.',
  examine: ({ read, pid }) => {
    if (!read(`/proc/${pid}/stat`).startsWith(`${pid} `)) throw new Error('/proc is that of another pid namespace')
    return '/proc shows this process'
  },
}

export const watchdog: Check = {
  name: 'watchdog',
  isNeeded: true,
  purpose: 'ends all processes when the gateway is killed',
  advice: 'Install them, or start gateways with --no-watchdog.',
  examine: ({ mayExecute }) => {
    const isThere = (program: string) => watchdogFolders.some(folder => mayExecute(`${folder}/${program}`))
    const missing = [
      ...(mayExecute('/bin/sh') ? [] : ['/bin/sh']),
      ...['grep', 'tr'].filter(program => !isThere(program)),
    ]
    if (missing.length > 0) throw new Error(`${missing.join(', ')} cannot be executed`)
    return '/bin/sh, grep and tr are there'
  },
}
