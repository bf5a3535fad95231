import type { ShownProcess, ShownState } from '../../gateway/operator-schemas.ts'
import { shorten } from '../../config/quoting.ts'
import { shownAge, shownBytes } from '../quantities.ts'
import { table } from '../table.ts'

/** What `execgate ps` prints. */
export interface Listing {
  readonly text: string
  /** What else there is to know: processes that are not listed, a gateway that shuts down. */
  readonly notes: readonly string[]
}

export interface ListingOptions {
  /** Closed processes too. */
  readonly all: boolean
  readonly json: boolean
}

const header = ['PROCESS', 'STATE', 'PID', 'AGE', 'RETAINED', 'HELD BACK', 'INPUT', 'SESSION']

/** Processes in the order the gateway tells them. */
export function listProcesses(
  { isDraining, processes: { count, listed } }: ShownState,
  options: ListingOptions,
): Listing {
  const shown = options.all ? listed : listed.filter(({ state }) => state !== 'closed')
  // Closed ones come last: where one is listed, nothing else has been left out.
  const isComplete = !options.all && listed.at(-1)?.state === 'closed'
  const unlisted = isComplete ? 0 : count - listed.length
  return {
    text: options.json
      ? `${JSON.stringify({ isDraining, unlisted, processes: shown }, undefined, 2)}\n`
      : table([header, ...shown.map(row)]),
    notes: [
      ...(unlisted > 0 ? [`${unlisted} more processes are not listed`] : []),
      ...(isDraining ? ['the gateway is shutting down'] : []),
    ],
  }
}

function row(process: ShownProcess): string[] {
  return [
    `${process.session}/${shorten(process.id)}`,
    process.state,
    process.pid === null ? '-' : String(process.pid),
    shownAge(process.ageMs),
    shownBytes(process.retainedBytes),
    process.isHeldBack ? 'yes' : 'no',
    shownBytes(process.queuedInputBytes),
    process.sessionState,
  ]
}
