import { expect } from 'vitest'
import type { ForeignProcess } from './foreign-process.ts'
import { inPieces } from './hostile-lines.ts'
import type { LinePeer } from './line-peer.ts'
import type { Program } from './program.ts'

/** One that gets through, so that there is always a process to be left behind. */
export const sleeper =
  '{"id":"sleeper","method":"process/start","params":{"processId":"sleeper","argv":["sleep","1000"],"cwd":"file:///","env":{"PATH":"/usr/bin:/bin"},"tty":false}}'

export interface SentLines {
  readonly lines: readonly (Buffer | string)[]
  /** What each line ends with. */
  readonly end: string
  /** Where the bytes are cut into pieces. */
  readonly cuts?: readonly number[]
}

/** Hands the lines to standard input of a program, piece by piece as it takes them, whatever it answers. */
export async function sendLines(program: Program, { lines, end, cuts = [] }: SentLines): Promise<void> {
  const bytes = Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from(end)]))
  for (const piece of inPieces(bytes, cuts)) {
    // The program may have ended; it is the test's to expect that.
    if (piece.length > 0 && program.stdin.writable)
      await new Promise<void>(done => program.stdin.write(piece, () => done()))
  }
}

/** A valid request is answered, which also tells that everything before it has been looked at. */
export async function expectAnswer(peer: LinePeer, id: string, answer: object): Promise<void> {
  peer.send({ id, method: 'environment/status', params: {} })
  expect(await peer.until(message => message.id === id)).toMatchObject(answer)
}

/** Starts a process that ends only with the program. @returns everything the program has running */
export async function leaveSleeper(program: Program, peer: LinePeer): Promise<ForeignProcess[]> {
  await sendLines(program, { lines: [sleeper], end: '\n' })
  expect(await peer.until(({ id }) => id === 'sleeper')).toMatchObject({ result: { processId: 'sleeper' } })
  return program.descendants()
}

/** It ends as documented, without a word, and everything it had running with it. */
export async function expectGone(
  program: Program,
  descendants: readonly ForeignProcess[],
  about = 'the end of the program',
): Promise<void> {
  expect(await program.ended, about).toMatchObject({ status: 0, signal: null, stderr: '' })
  // It waits for its own processes. Later the watchdog would have ended them, or the next gateway that starts.
  const sleepers = descendants.filter(({ commandLine }) => commandLine === 'sleep 1000')
  expect(sleepers.filter(({ isAlive }) => isAlive).length, `processes left behind: ${about}`).toBe(0)
  for (const each of descendants) await each.gone()
}
