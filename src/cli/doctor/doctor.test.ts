import { describe, expect, test } from 'vitest'
import { ableMachine, asMachine, type FakeMachine, libcThatOpens } from '../../../test/support/fake-machine.ts'
import { describeDiagnosis, diagnose } from './doctor.ts'

/** What is found on a machine from which something was taken away. */
async function diagnoseWithout(hide: (machine: FakeMachine) => void) {
  const machine = ableMachine()
  hide(machine)
  const { isReady, findings } = await diagnose(asMachine(machine))
  const missing = findings.filter(({ isOk }) => !isOk)
  return { isReady, missing: Object.fromEntries(missing.map(({ name, detail }) => [name, detail])), machine }
}

function failsWith(message: string): () => never {
  return () => {
    throw new Error(message)
  }
}

test('a machine that can do everything lacks nothing, and nothing is left open on it', async () => {
  const { isReady, missing, machine } = await diagnoseWithout(() => {})
  expect({ isReady, missing, open: machine.open }).toEqual({ isReady: true, missing: {}, open: new Set() })
})

describe('a gateway cannot run', () => {
  test.each<[string, string, (machine: FakeMachine) => void]>([
    [
      'pidfd',
      'Function not implemented (os error 38)',
      machine => {
        const openPidDescriptor = failsWith('Function not implemented (os error 38)')
        machine.libc = libcThatOpens(machine.open, { openPidDescriptor })
      },
    ],
    [
      'pidfd',
      'pidfd_open does not find this process',
      machine => (machine.libc = libcThatOpens(machine.open, { openPidDescriptor: () => undefined })),
    ],
    ['loopback', 'EADDRNOTAVAIL', machine => (machine.bindFailure = 'EADDRNOTAVAIL')],
    ['proc', "ENOENT: no such file or directory, open '/proc/7/stat'", machine => delete machine.files['/proc/7/stat']],
    ['proc', '/proc is that of another pid namespace', machine => (machine.files['/proc/7/stat'] = '70 (node) R 1')],
    [
      'watchdog',
      '/bin/sh, tr cannot be executed',
      machine => {
        machine.programs = new Set(['/usr/bin/grep'])
      },
    ],
  ])('without %s: %s', async (name, detail, hide) => {
    expect(await diagnoseWithout(hide)).toMatchObject({ isReady: false, missing: { [name]: detail } })
  })
})

describe('a gateway can run, with less,', () => {
  const limitsOf = (files: string, processes: string) =>
    `Max processes  ${processes} ${processes} processes\nMax open files  ${files} ${files} files\n`

  test.each<[string, string, (machine: FakeMachine) => void]>([
    [
      'terminals',
      'Permission denied (os error 13)',
      machine => {
        const openTerminal = failsWith('Permission denied (os error 13)')
        machine.libc = libcThatOpens(machine.open, { openTerminal })
      },
    ],
    ['descriptors', 'the limit is 1024', machine => (machine.files['/proc/7/limits'] = limitsOf('1024', 'unlimited'))],
    [
      'descriptors',
      'the limit cannot be read',
      machine => (machine.files['/proc/7/limits'] = 'Max processes unlimited'),
    ],
    ['processes', 'the limit is 512', machine => (machine.files['/proc/7/limits'] = limitsOf('unlimited', '512'))],
    ['processes', 'the limit is 100', machine => (machine.files['/sys/fs/cgroup/gateway/pids.max'] = '100\n')],
    [
      'prlimit',
      'Operation not permitted (os error 1)',
      machine => {
        const limitOf = failsWith('Operation not permitted (os error 1)')
        machine.libc = libcThatOpens(machine.open, { limitOf })
      },
    ],
    [
      'cgroups',
      'this process is in no group of cgroup version 2',
      machine => (machine.files['/proc/7/cgroup'] = '4:memory:/x\n'),
    ],
    [
      'cgroups',
      'the group of this process is not below /sys/fs/cgroup',
      machine => delete machine.files['/sys/fs/cgroup/gateway/cgroup.controllers'],
    ],
    [
      'cgroups',
      'the group lacks memory and pids',
      machine => (machine.files['/sys/fs/cgroup/gateway/cgroup.controllers'] = '\n'),
    ],
    [
      'cgroups',
      'the group of this process may not be written to',
      machine => machine.readOnly.add('/sys/fs/cgroup/gateway/cgroup.procs'),
    ],
    ['user namespaces', 'unshare is not on PATH', machine => delete machine.trials['unshare']],
    [
      'user namespaces',
      'unshare: unshare failed: Operation not permitted',
      machine => {
        machine.trials['unshare'] = { isSuccess: false, said: 'unshare: unshare failed: Operation not permitted\nmore' }
      },
    ],
    ['bubblewrap', 'bwrap is not on PATH', machine => (machine.trials = { unshare: { isSuccess: true, said: '' } })],
    [
      'bubblewrap',
      'bwrap: \\u{1b}[31mno',
      machine => (machine.trials['bwrap'] = { isSuccess: false, said: 'bwrap: \u{1b}[31mno' }),
    ],
    ['bubblewrap', 'it fails without a word', machine => (machine.trials['bwrap'] = { isSuccess: false, said: '' })],
    [
      'landlock',
      'Operation not supported (os error 95)',
      machine => {
        const landlockVersion = failsWith('Operation not supported (os error 95)')
        machine.libc = libcThatOpens(machine.open, { landlockVersion })
      },
    ],
  ])('without %s: %s', async (name, detail, hide) => {
    const { isReady, missing } = await diagnoseWithout(hide)
    expect({ isReady, missing }).toEqual({ isReady: true, missing: { [name]: detail } })
  })

  test('a limit of the group that cannot be read is none', async () => {
    const { missing } = await diagnoseWithout(machine => delete machine.files['/sys/fs/cgroup/gateway/pids.max'])
    expect(missing).toEqual({})
  })
})

describe('the engine', () => {
  const reason = 'the native engine needs Linux, this is darwin'
  const engineOf = async (machine: FakeMachine) => {
    const { findings } = await diagnose(asMachine(machine))
    return findings.find(({ name }) => name === 'engine')
  }

  test('is native where that is possible', async () => {
    const detail = 'native, posix_spawn by way of koffi, on linux arm64'
    expect(await engineOf(ableMachine())).toMatchObject({ isOk: true, detail })
  })

  test('is portable elsewhere, and the reason is given', async () => {
    const machine = ableMachine()
    machine.libc = reason
    const detail = `portable, child_process and node-pty, on linux arm64: ${reason}`
    expect(await engineOf(machine)).toMatchObject({ isOk: true, detail })
  })

  test('may be portable: pidfd and what else needs the C library is missing then, and not needed', async () => {
    const { isReady, missing } = await diagnoseWithout(machine => (machine.libc = reason))
    expect({ isReady, missing }).toEqual({
      isReady: true,
      missing: { pidfd: reason, prlimit: reason, landlock: reason },
    })
  })

  test('has no terminals when it is portable and node-pty is missing', async () => {
    const { isReady, missing } = await diagnoseWithout(machine => {
      machine.libc = reason
      machine.ptyFailure = "Cannot find module 'node-pty'"
    })
    expect({ isReady, terminals: missing['terminals'] }).toEqual({
      isReady: true,
      terminals: "Cannot find module 'node-pty'",
    })
  })

  test('needs /proc on Linux only', async () => {
    const { isReady } = await diagnoseWithout(machine => {
      machine.platform = 'darwin'
      machine.libc = reason
      machine.files = {}
    })
    expect(isReady).toBe(true)
  })
})

describe('the text', () => {
  test('has a line for each check and the verdict', async () => {
    const diagnosis = await diagnose(asMachine(ableMachine()))
    const lines = describeDiagnosis(diagnosis).trimEnd().split('\n')
    expect(lines).toHaveLength(diagnosis.findings.length + 2)
    expect(lines[0]).toMatch(
      /^ok +engine +needed +native, posix_spawn by way of koffi, on linux arm64 \(starts processes\)$/,
    )
    expect(lines.at(-1)).toBe('A gateway can run here.')
  })

  test('says what to do about each thing that is missing', async () => {
    const machine = ableMachine()
    machine.bindFailure = 'EADDRNOTAVAIL'
    machine.trials = {}
    const text = describeDiagnosis(await diagnose(asMachine(machine)))
    expect(text).toMatch(/^missing {2}loopback +needed +EADDRNOTAVAIL \(lets clients of this machine connect\)$/m)
    expect(text).toMatch(/^loopback: Bring the loopback interface up/m)
    expect(text).toMatch(/^bubblewrap: Install the package bubblewrap/m)
    expect(text).toMatch(/\n\nA gateway cannot run here\.\n$/)
  })
})
