import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fatalLine, hostileLine, isSurvivable } from '../support/hostile-lines.ts'
import { expectAnswer, expectGone, leaveSleeper, sendLines, sleeper } from '../support/hostile-streams.ts'
import { LinePeer } from '../support/line-peer.ts'
import { Program } from '../support/program.ts'

/** How many hostile clients come; fast-check prints the seed of a failure. */
const clients = Number(process.env['EXECGATE_FUZZ_CLIENTS'] ?? 60)
const timeout = 120_000 + clients * 2000

const survivable = fc.array(hostileLine.filter(isSurvivable), { maxLength: 30 })
const places = fc.array(fc.nat(), { maxLength: 8 })
const lineEnd = fc.constantFrom('\n', '\r\n')

function start(): Program {
  return Program.start(['exec-server', '--listen', 'stdio'])
}

test('answers a valid request after whatever the connection survives', { timeout }, async () => {
  await using program = start()
  const peer = new LinePeer(program)
  await peer.shakeHands()
  let asked = 0
  await fc.assert(
    fc.asyncProperty(survivable, lineEnd, places, async (lines, end, cuts) => {
      await sendLines(program, { lines, end, cuts })
      await expectAnswer(peer, `status ${++asked}`, { result: { status: 'ready' } })
      peer.received.length = 0
    }),
    { numRuns: clients, endOnFailure: true },
  )
  const descendants = await leaveSleeper(program, peer)
  expect(descendants.length).toBeGreaterThan(0)
  peer.end()
  await expectGone(program, descendants)
})

test('answers a valid request before the handshake, too', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(survivable, places, async (lines, cuts) => {
      await using program = start()
      const peer = new LinePeer(program)
      await sendLines(program, { lines, end: '\n', cuts })
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
      await sendLines(program, { lines: [...before, sleeper], end: '\n', cuts })
      await peer.until(({ id }) => id === 'sleeper')
      const descendants = program.descendants()
      await sendLines(program, { lines: [fatal, ...after], end: '\n', cuts })
      await expectGone(program, descendants)
    }),
    { numRuns: Math.ceil(clients / 15), endOnFailure: true },
  )
})

test('ends in order once a line is longer than it may be, without waiting for its end', async () => {
  await using program = start()
  const peer = new LinePeer(program)
  await peer.shakeHands()
  const descendants = await leaveSleeper(program, peer)
  await sendLines(program, { lines: [Buffer.alloc(64 * 1024 * 1024 + 1, 'x')], end: '' })
  await expectGone(program, descendants)
})
