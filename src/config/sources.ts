import type { OptionKey } from './options.ts'

/** A value somebody gave, not checked yet. */
export interface Given {
  /** Where it stands, as a message names it: a flag, a variable, or a key and its file. */
  readonly source: string
  readonly value: unknown
}

/** What one source says: at most one value for each option. */
export type GivenValues = ReadonlyMap<OptionKey, Given>

/** The environment of the program, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>
