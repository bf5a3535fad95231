/** Parts of an operation that are worth a figure of their own. */
export const phases = ['firstOutput', 'wait', 'finalRead'] as const
export type Phase = (typeof phases)[number]

/** How long the parts of an operation took, in milliseconds. */
export type Phases = Readonly<Partial<Record<Phase, number>>>

/**
 * What is done again and again and timed as a whole, by one worker, never twice at the same time.
 * @throws whatever makes it count as an error
 */
export type Operation = (signal: AbortSignal) => Promise<Phases>
