import type { Attribution } from '../processes/launch-registry.ts'
import type { AttributeValue } from '../telemetry/catalogue.ts'
import { type Mark, parseMark } from './marker.ts'
import type { ScannedProcess } from './scan.ts'

export type LeakReason = AttributeValue<'processesLeaked', 'reason'>

/** What the gateway knows of a process that is not closed. Times are those of `performance.now`. */
export interface LaunchFacts {
  readonly launch: number
  readonly pid: number | undefined
  readonly state: 'running' | 'exited' | 'closed'
  readonly exitedAt: number | undefined
  /** When SIGKILL was sent to it. */
  readonly killedAt: number | undefined
}

/** What the gateway knows at the time of a census. */
export interface RegistryFacts {
  readonly now: number
  readonly launches: readonly LaunchFacts[]
  /** Their numbers. */
  readonly liveSessions: ReadonlySet<number>
  /** The highest number a launch has. */
  readonly lastLaunch: number
  attribute(launch: number): Attribution | undefined
}

/** A process that should not be there any more. */
export interface Finding {
  readonly reason: LeakReason
  readonly pid: number
  readonly startTicks: number
  readonly attribution: Attribution | undefined
}

export interface Census {
  readonly leaders: number
  readonly descendants: number
  readonly findings: readonly Finding[]
}

/** A descendant may hold the streams of an exited process this long before it is reported. */
const heldStreamMs = 5000
/** A killed process may take this long to go. */
const killPendingMs = 5000

/** Compares what the operating system has with what the gateway knows. */
export function classify(scanned: readonly ScannedProcess[], facts: RegistryFacts, gatewayPid: number): Census {
  const byLaunch = new Map(facts.launches.map(launch => [launch.launch, launch]))
  const byPid = new Map(facts.launches.filter(({ state }) => state !== 'closed').map(launch => [launch.pid, launch]))
  const findings: Finding[] = []
  let leaders = 0
  let descendants = 0
  for (const found of scanned) {
    const mark = found.mark === undefined ? undefined : parseMark(found.mark)
    const known = mark === undefined ? byPid.get(found.session) : byLaunch.get(mark.launch)
    const launch = mark?.launch ?? known?.launch
    const isLeader = known?.state === 'running' && known.pid === found.pid
    if (found.state === 'Z') {
      // Running leaders are waited for the moment their end is known.
      if (found.parent === gatewayPid && !isLeader) findings.push(finding('zombie', found, undefined))
      continue
    }
    // The watchdog and the like: a child, but none that was launched for somebody.
    if (launch === undefined) continue
    if (isLeader) leaders += 1
    else descendants += 1
    const attribution = facts.attribute(launch)
    const reason = isLeader ? pendingKill(known, facts) : mark && reasonOf(mark, facts)
    if (reason !== undefined) findings.push(finding(reason, found, attribution))
  }
  for (const { state, exitedAt, pid, launch } of facts.launches) {
    if (state !== 'exited' || exitedAt === undefined || facts.now - exitedAt < heldStreamMs) continue
    findings.push({ reason: 'held_stream', pid: pid ?? 0, startTicks: 0, attribution: facts.attribute(launch) })
  }
  return { leaders, descendants, findings }
}

function pendingKill({ killedAt }: LaunchFacts, { now }: RegistryFacts): LeakReason | undefined {
  return killedAt !== undefined && now - killedAt >= killPendingMs ? 'kill_pending' : undefined
}

/** What a live session left running on purpose is its own affair, however long ago that was. */
function reasonOf({ session, launch }: Mark, { lastLaunch, liveSessions }: RegistryFacts): LeakReason | undefined {
  if (launch > lastLaunch) return 'unregistered'
  return liveSessions.has(session) ? undefined : 'ownerless'
}

function finding(reason: LeakReason, found: ScannedProcess, attribution: Attribution | undefined): Finding {
  return { reason, pid: found.pid, startTicks: found.startTicks, attribution }
}
