import { shorten } from '../../config/quoting.ts'
import type { Check } from './check.ts'
import { groupFolder } from './limit-checks.ts'
import type { Machine } from './machine.ts'

/** What limits of groups are made of. */
const wantedControllers = ['memory', 'pids']

export const cgroups: Check = {
  name: 'cgroups',
  isNeeded: false,
  purpose: 'limits and measures memory and number of processes by group',
  advice: 'Have a group delegated: Delegate=yes of systemd, or a container with a writable /sys/fs/cgroup.',
  examine: machine => {
    const folder = groupFolder(machine)
    const controllers = controllersOf(machine, folder)
    const missing = wantedControllers.filter(controller => !controllers.includes(controller))
    if (missing.length > 0) throw new Error(`the group lacks ${missing.join(' and ')}`)
    const isDelegated = ['', '/cgroup.procs', '/cgroup.subtree_control'].every(name => machine.mayWrite(folder + name))
    if (!isDelegated) throw new Error('the group of this process may not be written to')
    return `the group is delegated, with ${wantedControllers.join(' and ')}`
  },
}

export const userNamespaces: Check = {
  name: 'user namespaces',
  isNeeded: false,
  purpose: 'isolates commands without root',
  advice:
    'Allow them: sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone 1, ' +
    'kernel.apparmor_restrict_unprivileged_userns 0, whichever there are, and a seccomp profile that allows unshare(2). The program that tries is part of util-linux.',
  examine: async machine => {
    const { isSuccess, said } = await machine.run('unshare', '--user', '--map-root-user', 'true')
    if (!isSuccess) throw new Error(firstLine(said))
    return 'unshare makes one'
  },
}

export const bubblewrap: Check = {
  name: 'bubblewrap',
  isNeeded: false,
  purpose: 'gives commands a file system of their own',
  advice: 'Install the package bubblewrap; where it is there and fails, user namespaces are what it lacks.',
  examine: async machine => {
    const { said: version } = await machine.run('bwrap', '--version')
    const { isSuccess, said } = await machine.run('bwrap', '--ro-bind', '/', '/', '--unshare-pid', 'true')
    if (!isSuccess) throw new Error(firstLine(said))
    return firstLine(version)
  },
}

export const landlock: Check = {
  name: 'landlock',
  isNeeded: false,
  purpose: 'confines commands to files without namespaces',
  advice: 'Use Linux 5.13 or later with landlock among its security modules (boot parameter lsm=).',
  examine: (machine: Machine) => `version ${machine.libc().landlockVersion()} of its interface`,
}

function controllersOf({ read }: Machine, folder: string): string[] {
  try {
    return read(`${folder}/cgroup.controllers`).trim().split(/\s+/)
  } catch (error) {
    throw new Error('the group of this process is not below /sys/fs/cgroup', { cause: error })
  }
}

/** What a program says is for a terminal only when it is one line without surprises. */
function firstLine(said: string): string {
  const [line = ''] = said.split('\n')
  return line === '' ? 'it fails without a word' : shorten(line)
}
