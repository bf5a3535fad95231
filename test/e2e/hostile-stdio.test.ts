import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fatalLine, hostileLine, inPieces, isSurvivable } from '../support/hostile-lines.ts'
import { LinePeer } from '../support/line-peer.ts'
import { Program } from '../support/program.ts'

/** How many hostile clients come; fast-check prints the seed of a failure. */
const clients = Number(process.env['EXECGATE_FUZZ_CLIENTS'] ?? 60)
const timeout = 120_000 + clients * 2000

const survivable = fc.array(hostileLine.filter(isSurvivable), { maxLength: 30 })
const places = fc.array(fc.nat(), { maxLength: 8 })
const lineEnd = fc.constantFrom('\n', '\r\n')

/** One that gets through, so that there is always a process to be left behind. */
const sleeper =
  '{"id":"sleeper","method":"process/start","params":{"processId":"sleeper","argv":["sleep","1000"],"cwd":"file:///","env":{"PATH":"/usr/bin:/bin"},"tty":false}}'

function start(): Program {
  return Program.start(['exec-server', '--listen', 'stdio'])
}

async function send(program: Program, lines: readonly (Buffer | string)[], end: string, cuts: readonly number[]) {
  const bytes = Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from(end)]))
  for (const piece of inPieces(bytes, cuts)) {
    // The program may have ended; it is the test's to expect that.
    if (piece.length > 0 && program.stdin.writable)
      await new Promise<void>(done => program.stdin.write(piece, () => done()))
  }
}

/** A valid request is answered, which also tells that everything before it has been looked at. */
async function expectAnswer(peer: LinePeer, id: string, answer: object): Promise<void> {
  peer.send({ id, method: 'environment/status', params: {} })
  expect(await peer.until(message => message.id === id)).toMatchObject(answer)
}

async function expectGone(program: Program, descendants: ReturnType<Program['descendants']>): Promise<void> {
  expect(await program.ended).toMatchObject({ status: 0, signal: null, stderr: '' })
  for (const each of descendants) await each.gone()
}

test('answers a valid request after whatever the connection survives', { timeout }, async () => {
  await using program = start()
  const peer = new LinePeer(program)
  await peer.shakeHands()
  let asked = 0
  await fc.assert(
    fc.asyncProperty(survivable, lineEnd, places, async (lines, end, cuts) => {
      await send(program, lines, end, cuts)
      await expectAnswer(peer, `status ${++asked}`, { result: { status: 'ready' } })
      peer.received.length = 0
    }),
    { numRuns: clients, endOnFailure: true },
  )
  await send(program, [sleeper], '\n', [])
  await peer.until(({ id }) => id === 'sleeper')
  const descendants = program.descendants()
  expect(descendants.length).toBeGreaterThan(0)
  peer.end()
  await expectGone(program, descendants)
})

test('answers a valid request before the handshake, too', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(survivable, places, async (lines, cuts) => {
      await using program = start()
      const peer = new LinePeer(program)
      await send(program, lines, '\n', cuts)
      await expectAnswer(peer, 'first', { error: { code: -32600 } })
      peer.end()
      await expectGone(program, program.descendants())
    }),
    { numRuns: Math.ceil(clients / 15), endOnFailure: true },
  )
})

test('ends in order, and everything with it, after what the connection does not survive', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(survivable, fatalLine, survivable, places, async (before, fatal, after, cuts) => {
      await using program = start()
      const peer = new LinePeer(program)
      await peer.shakeHands()
      await send(program, [...before, sleeper], '\n', cuts)
      await peer.until(({ id }) => id === 'sleeper')
      const descendants = program.descendants()
      await send(program, [fatal, ...after], '\n', cuts)
      await expectGone(program, descendants)
    }),
    { numRuns: Math.ceil(clients / 15), endOnFailure: true },
  )
})

test('ends in order once a line is longer than it may be, without waiting for its end', async () => {
  await using program = start()
  const peer = new LinePeer(program)
  await peer.shakeHands()
  await send(program, [sleeper], '\n', [])
  await peer.until(({ id }) => id === 'sleeper')
  const descendants = program.descendants()
  await send(program, [Buffer.alloc(64 * 1024 * 1024 + 1, 'x')], '', [])
  await expectGone(program, descendants)
})
