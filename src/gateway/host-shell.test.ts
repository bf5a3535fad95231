import { describe, expect, it } from 'vitest'
import { chooseShell, type ShellFacts } from './host-shell.ts'

interface Host {
  readonly loginShell?: string
  readonly path?: string
  readonly platform?: ShellFacts['platform']
  readonly files?: readonly string[]
}

function shellOf({ loginShell, path, platform = 'linux', files = [] }: Host): string {
  const { name, path: shell } = chooseShell({
    environment: path === undefined ? {} : { PATH: path, SHELL: '/bin/zsh' },
    loginShell,
    platform,
    isExecutableFile: file => files.includes(file),
  })
  return `${name} ${shell}`
}

describe('the shell of the host', () => {
  it.each([
    ['/opt/bin/zsh', 'zsh /opt/bin/zsh'],
    ['/bin/bash', 'bash /bin/bash'],
    ['/bin/sh', 'sh /bin/sh'],
    ['/opt/pwsh', 'powershell /opt/pwsh'],
    ['/opt/bash.static', 'bash /opt/bash.static'],
  ])('is the login shell %s', (loginShell, expected) => {
    expect(shellOf({ loginShell, path: '/usr/bin', files: [loginShell, '/usr/bin/zsh', '/usr/bin/bash'] })).toBe(
      expected,
    )
  })

  it('is another one of the same kind when the login shell is not there', () => {
    const gone = '/gone/zsh'
    expect(shellOf({ loginShell: gone, path: '/a:/b', files: ['/b/zsh', '/a/bash'] })).toBe('zsh /b/zsh')
    expect(shellOf({ loginShell: gone, path: '/a', files: ['/bin/zsh', '/a/bash'] })).toBe('zsh /bin/zsh')
    expect(shellOf({ loginShell: gone, path: '/a', files: ['/a/bash'] })).toBe('bash /a/bash')
    const powershell = { loginShell: '/gone/powershell', path: '/a' }
    expect(shellOf({ ...powershell, files: ['/a/pwsh'] })).toBe('powershell /a/pwsh')
    expect(shellOf({ ...powershell, files: ['/usr/local/bin/pwsh'] })).toBe('powershell /usr/local/bin/pwsh')
  })

  it.each([undefined, '/usr/sbin/nologin', '/usr/bin/fish', ''])(
    'is the usual one of the platform for the login shell %j',
    loginShell => {
      const host = { ...(loginShell === undefined ? {} : { loginShell }), path: '/a', files: ['/a/zsh', '/a/bash'] }
      expect(shellOf(host)).toBe('bash /a/bash')
      expect(shellOf({ ...host, platform: 'macos' })).toBe('zsh /a/zsh')
      expect(shellOf({ ...host, files: ['/a/zsh'] })).toBe('zsh /a/zsh')
      expect(shellOf({ ...host, files: ['/a/bash'], platform: 'macos' })).toBe('bash /a/bash')
      expect(shellOf({ ...host, files: ['/usr/bin/bash', '/a/zsh'] })).toBe('bash /usr/bin/bash')
    },
  )

  it('is no shell of a kind clients cannot talk to', () => {
    expect(shellOf({ loginShell: '/bin/fish', path: '/a', files: ['/bin/fish', '/a/bash'] })).toBe('bash /a/bash')
  })

  it('is /bin/sh when nothing is found', () => {
    expect(shellOf({})).toBe('sh /bin/sh')
    expect(shellOf({ loginShell: '/bin/zsh', path: '' })).toBe('sh /bin/sh')
  })

  it('is never one that depends on the working directory', () => {
    expect(shellOf({ loginShell: 'zsh', path: ':bin:.', files: ['zsh', 'bin/zsh', './zsh', '/bin/zsh'] })).toBe(
      'zsh /bin/zsh',
    )
  })
})
