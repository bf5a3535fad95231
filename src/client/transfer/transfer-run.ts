import type { RepeatedCalls } from '../file-handle.ts'
import type { TransferCount } from './transfer-count.ts'
import type { TransferJournal } from './transfer-journal.ts'

/** What the files of one transfer have in common. */
export interface TransferRun {
  readonly calls: RepeatedCalls
  readonly canWriteBlocks: boolean
  readonly journal: TransferJournal | undefined
  readonly count: TransferCount
  readonly signal: AbortSignal
}

/** Files up to here take one message and one piece of memory; beginning them anew costs little. */
export const smallBytes = 4 * 1024 * 1024

/** Name of a file that holds a part of another one, beside it. */
export function partialName(id: string): string {
  return `.execgate-${id}.part`
}
