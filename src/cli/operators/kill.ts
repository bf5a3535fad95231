import { isProblem, type Problem } from '../../config/problem.ts'
import { quoteValue, shorten } from '../../config/quoting.ts'
import type { KillReply, ProcessAddress } from '../../gateway/operator-schemas.ts'
import { lines } from '../help-text.ts'

type Outcome = KillReply['processes'][number]['outcome']

const sentences: Readonly<Record<Outcome, string>> = {
  killed: 'killed',
  ended: 'had ended already',
  unknown: 'is not known; `execgate ps` lists the processes',
  refused: 'cannot be killed: the operating system refuses',
}

/** Reads `SESSION/PROCESS`. The id of a process may contain slashes itself. */
function parseAddress(text: string): ProcessAddress | Problem {
  const { digits, id } = /^(?<digits>[1-9]\d{0,14})\/(?<id>.*)$/s.exec(text)?.groups ?? {}
  if (digits === undefined || id === undefined) {
    return { problem: `${quoteValue(text)} is not SESSION/PROCESS, as \`execgate ps\` shows it: 3/build` }
  }
  return { session: Number(digits), id }
}

/** @returns the first problem, or all addresses */
export function parseAddresses(texts: readonly string[]): ProcessAddress[] | Problem {
  const addresses: ProcessAddress[] = []
  for (const text of texts) {
    const address = parseAddress(text)
    if (isProblem(address)) return address
    addresses.push(address)
  }
  return addresses
}

export function describeOutcomes({ processes }: KillReply): string {
  return lines(...processes.map(({ session, id, outcome }) => `${session}/${shorten(id)} ${sentences[outcome]}`))
}

/** Whether every process has ended, by this or before. */
export function haveAllEnded({ processes }: KillReply): boolean {
  return processes.every(({ outcome }) => outcome === 'killed' || outcome === 'ended')
}
