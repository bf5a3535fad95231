import type { Libc } from '../libc/libc.ts'
import { unlessRefused } from '../libc/system-error.ts'
import { readStat } from '../lifecycle/proc-stat.ts'
import type { SessionTable } from './session-table.ts'

/**
 * Signals every living member of operating-system sessions, in whichever process group.
 *
 * The number of a session cannot be reused while it has members, so a member found in `/proc` belongs to it, with one
 * exception: after the last member is gone the number may become the pid of a stranger who makes a session of its own.
 * Such a session has a living leader with that pid, while ours has been reaped; those are left alone when
 * `leaderReaped` says so. Each member is opened as pidfd and looked at again before it is signalled, so a number reused in
 * between is never hit. Members that may not be signalled are left alone, and so are all where none can be looked for: no descriptor may
 * be left.
 *
 * @returns false when somebody may not be signalled
 */
export function signalSessionMembers(
  { libc, sessions }: { readonly libc: Libc; readonly sessions: SessionTable },
  session: { readonly id: number; readonly leaderReaped: boolean },
  signal: number,
): boolean {
  if (session.leaderReaped && sessionOf(session.id) !== undefined) return true
  let areSignalled = true
  for (const pid of sessions.membersOf(session.id)) {
    if (!unlessRefused(() => signalMember(libc, session.id, pid, signal))) areSignalled = false
  }
  return areSignalled
}

function signalMember(libc: Libc, session: number, pid: number, signal: number): void {
  const pidDescriptor = libc.openPidDescriptor(pid)
  if (pidDescriptor === undefined) return
  try {
    if (sessionOf(pid) === session) libc.signalByDescriptor(pidDescriptor, signal)
  } finally {
    libc.close(pidDescriptor)
  }
}

/** `undefined` for a process that is gone. */
function sessionOf(pid: number): number | undefined {
  return readStat(pid)?.session
}
