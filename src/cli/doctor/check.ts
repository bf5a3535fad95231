import type { Machine } from './machine.ts'

/** One thing a machine may or may not be able to do. */
export interface Check {
  readonly name: string
  /** Whether a gateway cannot do its work without it; where that depends on the machine, on which. */
  readonly isNeeded: boolean | ((machine: Machine) => boolean)
  /** What it is good for, in one clause. */
  readonly purpose: string
  /** What to do where it is missing, in one sentence. */
  readonly advice: string
  /**
   * Tries it.
   * @returns what was found, in a few words
   * @throws an Error that says why it is missing
   */
  readonly examine: (machine: Machine) => string | Promise<string>
}

/** The outcome of a check. */
export interface Finding {
  readonly name: string
  readonly isOk: boolean
  readonly isNeeded: boolean
  readonly purpose: string
  /** What was found, or why it is missing. */
  readonly detail: string
  /** Where it is missing. */
  readonly advice?: string
}

export async function examine(check: Check, machine: Machine): Promise<Finding> {
  const { name, purpose, advice, examine } = check
  const isNeeded = typeof check.isNeeded === 'boolean' ? check.isNeeded : check.isNeeded(machine)
  const about = { name, isNeeded, purpose }
  try {
    return { ...about, isOk: true, detail: await examine(machine) }
  } catch (error) {
    return { ...about, isOk: false, detail: error instanceof Error ? error.message : String(error), advice }
  }
}
