import { basename, extname } from 'node:path'
import { executableCandidates } from '../processes/executable-lookup.ts'
import type { HostOs } from '../protocol/path-uri.ts'
import type { EnvironmentInfo } from '../protocol/session-schemas.ts'

/** What the choice of a shell depends on. */
export interface ShellFacts {
  readonly environment: NodeJS.ProcessEnv
  /** The login shell in the password database, when the user has an entry. */
  readonly loginShell: string | undefined
  readonly platform: HostOs
  isExecutableFile(path: string): boolean
}

type Shell = EnvironmentInfo['shell']

interface ShellKind {
  readonly name: string
  readonly binary: string
  /** Where the binary usually is, for a PATH that does not say. */
  readonly usualPaths: readonly string[]
}

const zsh: ShellKind = { name: 'zsh', binary: 'zsh', usualPaths: ['/bin/zsh'] }
const bash: ShellKind = { name: 'bash', binary: 'bash', usualPaths: ['/bin/bash', '/usr/bin/bash'] }
const sh: ShellKind = { name: 'sh', binary: 'sh', usualPaths: ['/bin/sh'] }
const powershell: ShellKind = { name: 'powershell', binary: 'pwsh', usualPaths: ['/usr/local/bin/pwsh'] }

/** Shells clients can talk to, by the file name they go by. */
const shellKinds: ReadonlyMap<string, ShellKind> = new Map([
  ['zsh', zsh],
  ['bash', bash],
  ['sh', sh],
  ['pwsh', powershell],
  ['powershell', powershell],
])

/**
 * The shell a client should run commands in: the kind of the login shell, else the usual one of the platform, else
 * `/bin/sh`. `$SHELL` has no say: it speaks for whoever started the gateway.
 */
export function chooseShell(facts: ShellFacts): Shell {
  const usual = facts.platform === 'macos' ? [zsh, bash] : [bash, zsh]
  const preferred = loginShellKind(facts)
  for (const kind of preferred === undefined ? usual : [preferred, ...usual]) {
    const path = findShell(kind, facts)
    if (path !== undefined) return { name: kind.name, path }
  }
  return { name: 'sh', path: '/bin/sh' }
}

function loginShellKind({ loginShell }: ShellFacts): ShellKind | undefined {
  return loginShell === undefined ? undefined : shellKinds.get(stem(loginShell))
}

function findShell(kind: ShellKind, facts: ShellFacts): string | undefined {
  const candidates = [...executableCandidates(kind.binary, facts.environment['PATH']), ...kind.usualPaths]
  if (facts.loginShell !== undefined && loginShellKind(facts) === kind) candidates.unshift(facts.loginShell)
  return candidates.find(path => path.startsWith('/') && facts.isExecutableFile(path))
}

function stem(path: string): string {
  return basename(path, extname(path))
}
