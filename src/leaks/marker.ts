import { readFileSync, readlinkSync } from 'node:fs'
import type { LaunchNumbers } from '../processes/launch-registry.ts'
import { readStat } from '../lifecycle/proc-stat.ts'

/**
 * A gateway, so that nobody can take another for it: a pid is used again, but not with the same start time in the same
 * namespace since the same boot.
 */
export interface GatewayIdentity {
  readonly instance: string
  readonly bootId: string
  /** Inode of the pid namespace. */
  readonly pidNamespace: string
  readonly pid: number
  /** In clock ticks since boot. proc_pid_stat(5) field 22 */
  readonly startTicks: number
}

/** This process, as the gateway of that name. */
export function thisGateway(instance: string): GatewayIdentity {
  return {
    instance,
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pidNamespace: readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, ''),
    pid: process.pid,
    startTicks: readStat(process.pid)?.startTicks ?? 0,
  }
}

/** How the mark of each process of the gateway begins. */
export function markPrefix({ instance, bootId, pidNamespace, pid, startTicks }: GatewayIdentity): string {
  return `${instance}:${bootId}:${pidNamespace}:${pid}:${startTicks}:`
}

/** The mark of the processes of one launch: value of `EXECGATE_INSTANCE` in their environment. */
export function markOf(gateway: GatewayIdentity, { session, launch }: LaunchNumbers): string {
  return `${markPrefix(gateway)}${session}:${launch}`
}

export interface Mark extends LaunchNumbers {
  readonly gateway: GatewayIdentity
}

/** `undefined` for a text that is not a mark: a process may write into its own environment. */
export function parseMark(text: string): Mark | undefined {
  const [instance, bootId, pidNamespace, pid, startTicks, session, launch, ...more] = text.split(':')
  const numbers = [pid, startTicks, session, launch].map(digits =>
    /^\d{1,15}$/.test(digits ?? '') ? Number(digits) : Number.NaN,
  )
  if (!instance || !bootId || !pidNamespace || more.length > 0 || numbers.some(Number.isNaN)) return undefined
  const [pidNumber = 0, startNumber = 0, sessionNumber = 0, launchNumber = 0] = numbers
  return {
    gateway: { instance, bootId, pidNamespace, pid: pidNumber, startTicks: startNumber },
    session: sessionNumber,
    launch: launchNumber,
  }
}
