import { z } from 'zod'

/**
 * What operators' tools and the pages they use say to each other. Sessions go by their numbers: a session's id is the
 * credential of its client.
 */

/** Shows what there is. */
export const statePath = '/debug/state'
/** Ends processes. Apart from `/debug`, which may be opened to people who shall only look. */
export const killPath = '/admin/kill'

/** Processes that one request may end. */
export const maxKills = 100

export const ShownProcess = z.object({
  session: z.number(),
  sessionState: z.enum(['attached', 'detached', 'ending']),
  id: z.string().describe('chosen by the client, unique within its session'),
  state: z.enum(['running', 'exited', 'closed']),
  pid: z.number().nullable().describe('of the operating system; null once closed'),
  ageMs: z.number(),
  retainedBytes: z.number(),
  queuedInputBytes: z.number(),
  isHeldBack: z.boolean(),
  polls: z.number(),
})
export type ShownProcess = z.output<typeof ShownProcess>

/** The part of the state that tells of processes. */
export const ShownState = z.object({
  isDraining: z.boolean(),
  processes: z.object({ count: z.number(), listed: z.array(ShownProcess) }),
})
export type ShownState = z.output<typeof ShownState>

const ProcessAddress = z.object({ session: z.int().positive(), id: z.string() })
export type ProcessAddress = z.output<typeof ProcessAddress>

export const KillRequest = z.strictObject({ processes: z.array(ProcessAddress).min(1).max(maxKills) })

/** `ended`: it was closed before. `refused`: the operating system does not allow it. */
const killOutcome = z.enum(['killed', 'ended', 'unknown', 'refused'])

export const KillReply = z.object({ processes: z.array(ProcessAddress.extend({ outcome: killOutcome })) })
export type KillReply = z.output<typeof KillReply>
