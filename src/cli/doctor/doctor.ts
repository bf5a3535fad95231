import { lines } from '../help-text.ts'
import { table } from '../table.ts'
import { type Check, examine, type Finding } from './check.ts'
import { engine, loopback, pidfd, procfs, terminals, watchdog } from './gateway-checks.ts'
import { bubblewrap, cgroups, landlock, userNamespaces } from './isolation-checks.ts'
import { descriptors, prlimit, processes } from './limit-checks.ts'
import type { Machine } from './machine.ts'

const checks: readonly Check[] = [
  engine,
  terminals,
  pidfd,
  loopback,
  procfs,
  watchdog,
  descriptors,
  processes,
  prlimit,
  cgroups,
  userNamespaces,
  bubblewrap,
  landlock,
]

/** What a machine can do, and whether that is enough for a gateway. */
export interface Diagnosis {
  readonly isReady: boolean
  readonly findings: readonly Finding[]
}

export async function diagnose(machine: Machine): Promise<Diagnosis> {
  const findings = await Promise.all(checks.map(check => examine(check, machine)))
  return { isReady: findings.every(({ isOk, isNeeded }) => isOk || !isNeeded), findings }
}

/** A line for each finding; below them what to do about those that are missing. */
export function describeDiagnosis({ isReady, findings }: Diagnosis): string {
  const missing = findings.filter(({ isOk }) => !isOk)
  const rows = findings.map(({ name, isOk, isNeeded, detail, purpose }) => [
    isOk ? 'ok' : 'missing',
    name,
    isNeeded ? 'needed' : 'optional',
    `${detail} (${purpose})`,
  ])
  const verdict = isReady ? 'A gateway can run here.' : 'A gateway cannot run here.'
  const todo = missing.map(({ name, advice = '' }) => `${name}: ${advice}`)
  return `${table(rows)}\n${lines(...todo, ...(todo.length > 0 ? [''] : []), verdict)}`
}
