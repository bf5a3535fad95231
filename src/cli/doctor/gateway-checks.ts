import { shorten } from '../../config/quoting.ts'
import type { Check } from './check.ts'
import type { Machine } from './machine.ts'

/** Where the watchdog looks for its programs. */
const watchdogFolders = ['/usr/local/bin', '/usr/bin', '/bin']

/** Why the native engine cannot run; `undefined` when it can. */
function whyNotNative({ libc }: Machine): string | undefined {
  try {
    libc()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Which engine a gateway would choose; there is always one. */
export const engine: Check = {
  name: 'engine',
  isNeeded: true,
  purpose: 'starts processes',
  advice:
    'For the native one use Linux with glibc 2.34 or later on x64 or arm64, and install optional packages too: `npm ci`.',
  examine: machine => {
    const reason = whyNotNative(machine)
    const where = `on ${machine.platform} ${machine.architecture}`
    if (reason !== undefined) return `portable, child_process and node-pty, ${where}: ${shorten(reason)}`
    return `native, posix_spawn by way of koffi, ${where}`
  },
}

export const terminals: Check = {
  name: 'terminals',
  isNeeded: false,
  purpose: 'runs processes in terminals',
  advice:
    'Mount devpts on /dev/pts and let this user open /dev/ptmx; for the portable engine, install node-pty with its install script.',
  examine: machine => {
    if (whyNotNative(machine) !== undefined) {
      machine.loadPty()
      return 'node-pty can be loaded'
    }
    const libc = machine.libc()
    const { master, slavePath } = libc.openTerminal()
    libc.close(master)
    return `a new one was ${slavePath}`
  },
}

export const pidfd: Check = {
  name: 'pidfd',
  // The portable engine does without.
  isNeeded: machine => whyNotNative(machine) === undefined,
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
  isNeeded: ({ platform }) => platform === 'linux',
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
