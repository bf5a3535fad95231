import { readdirSync } from 'node:fs'
import type { Libc } from '../libc/libc.ts'
import { readStat } from '../lifecycle/proc-stat.ts'

/**
 * Signals every living member of operating-system sessions, in whichever process group.
 *
 * The number of a session cannot be reused while it has members, so a member found in `/proc` belongs to it, with one
 * exception: after the last member is gone the number may become the pid of a stranger who makes a session of its own.
 * Such a session has a living leader with that pid, while ours has been reaped; those are left alone when
 * `leaderReaped` says so. Each member is opened as pidfd and looked at again before it is signalled, so a number reused in
 * between is never hit.
 */
export function signalSessionMembers(
  libc: Libc,
  session: { readonly id: number; readonly leaderReaped: boolean },
  signal: number,
): void {
  if (session.leaderReaped && sessionOf(session.id) !== undefined) return
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || sessionOf(pid) !== session.id) continue
    const pidDescriptor = libc.openPidDescriptor(pid)
    if (pidDescriptor === undefined) continue
    try {
      if (sessionOf(pid) === session.id) libc.signalByDescriptor(pidDescriptor, signal)
    } finally {
      libc.close(pidDescriptor)
    }
  }
}

/** `undefined` for a process that is gone. */
function sessionOf(pid: number): number | undefined {
  return readStat(pid)?.session
}
