/** A configuration that is refused, in one sentence for the person who wrote it. */
export interface Problem {
  readonly problem: string
}

export function isProblem(outcome: unknown): outcome is Problem {
  return typeof outcome === 'object' && outcome !== null && 'problem' in outcome
}
