import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scale, seed, timeout } from '../support/endurance-scale.ts'
import { megabytes, printFigures } from '../support/figures.ts'
import { fatalLine, hostileLineOfMany, isSurvivable } from '../support/hostile-lines.ts'
import { expectAnswer, expectGone, leaveSleeper, sendLines } from '../support/hostile-streams.ts'
import { LinePeer } from '../support/line-peer.ts'
import { ObservedProgram } from '../support/observed-program.ts'
import { OneShots } from '../support/one-shots.ts'
import { plainPath, Program } from '../support/program.ts'

/** All of them together. A connection ends with its program, so most go to one that lives and the rest to many that do not. */
const messages = 10_000 * scale
const perHalf = messages * 0.4
const perBatch = 200

/** Their answers are more than may wait, which is four mebibytes, some of them in the pipe: the program stops reading. */
const floodLines = 10_000
const fullQueueBytes = { least: 4_000_000, most: 4_300_000 }
const floodEndings = [
  '"method":"no/such","params":{}}',
  '"method":7}',
  '"method":"process/read","params":{"processId":7}}',
  '"method":"process/write","params":{"processId":"none","chunk":"","writeId":"x"}}',
]
const flood = Array.from(
  { length: floodLines },
  (_, index) => `{"id":"${String(index).padEnd(450, 'x')}",${floodEndings[index % floodEndings.length]}`,
)

/**
 * The last twenty thousand launches are remembered, each with the id of its process, and even a million lines do not fill that
 * by themselves. So it is filled before, and ids of hundreds of bytes do not take the place of short ones.
 */
const launches = Math.min(20_000, 200 * scale)
const longId = 'x'.repeat(600)

const survivable = hostileLineOfMany.filter(isSurvivable)
const lasting = survivable.filter(line => !line.includes(longId) || !line.includes('process/start'))
const cuts = fc.array(fc.nat(), { maxLength: 8 })
const lineEnd = fc.constantFrom('\n', '\r\n')
const batchOf = (line: fc.Arbitrary<Buffer>) =>
  fc.record({ lines: fc.array(line, { minLength: perBatch, maxLength: perBatch }), end: lineEnd, cuts })
const batch = batchOf(survivable)
const lastingBatch = batchOf(lasting)

const ending = fc.record({
  fatal: fatalLine,
  after: fc.array(survivable, { maxLength: perBatch }),
  end: lineEnd,
  cuts,
})

/** What ends a program. */
const endings = [
  [
    'a line that no connection survives',
    async (program: Program, number: number) => {
      const { fatal, after, ...how } = sample(ending, number)
      await sendLines(program, { lines: [fatal, ...after], ...how })
    },
  ],
  ['half a line', (program: Program) => void program.stdin.end('{"id":1,"method":"process/re')],
  ['half a character', (program: Program) => void program.stdin.end(Buffer.from('{"id":"ä').subarray(0, -1))],
  [
    'a line without measure',
    (program: Program) => sendLines(program, { lines: [Buffer.alloc(maxMessageMib * 1024 * 1024 + 1, '[')], end: '' }),
  ],
  [
    'a reader that is gone',
    async (program: Program) => {
      program.stdout.destroy()
      await sendLines(program, { lines: ['{"id":1,"method":"environment/status","params":{}}'], end: '\n' })
    },
  ],
] as const

/** Every line that is to be survived is shorter. */
const maxMessageMib = 8

function sample<T>(arbitrary: fc.Arbitrary<T>, number: number): T {
  const [first] = fc.sample(arbitrary, { seed: seed + number, numRuns: 1 })
  return first as T
}

test('hostile lines that a connection survives cost no memory that is not given back', { timeout }, async () => {
  const observed = await ObservedProgram.start(['--max-closed-processes', '1'])
  await using program = observed.program
  const peer = new LinePeer(program)
  await peer.shakeHands()
  let asked = 0

  /** All it was sent has been looked at, and what it said is not kept here. */
  const settle = async () => {
    await expectAnswer(peer, `status ${++asked}`, { result: { status: 'ready' } })
    peer.received.length = 0
    program.printed.text = ''
  }
  const fillRegistry = async () => {
    const oneShots = new OneShots(peer)
    for (let launched = 0; launched < launches; launched += perBatch) {
      await oneShots.times(perBatch)
      program.printed.text = ''
    }
  }
  const endProcesses = async () => {
    for (const { id, state } of (await observed.state()).processes.listed) {
      if (state !== 'closed') await peer.call('process/terminate', { processId: id })
    }
    // One has closed whatever happened before, and is the one that is kept.
    expect(await peer.run(`last ${++asked}`, 'exit 7', { env: { PATH: plainPath } })).toMatchObject({ exitCode: 7 })
  }
  const floodUnread = async () => {
    program.stdout.pause()
    const sent = sendLines(program, { lines: flood, end: '\n' })
    let queued = 0
    const growth = async () => {
      const before = queued
      queued = (await observed.state()).connections.listed[0]?.queuedBytes ?? 0
      return queued < fullQueueBytes.least ? Infinity : queued - before
    }
    await expect.poll(growth, { timeout: 30_000 }).toBe(0)
    expect(queued).toBeLessThan(fullQueueBytes.most)
    program.stdout.resume()
    await sent
    await settle()
  }

  await fillRegistry()
  await endProcesses()
  const { guards } = await observed.state()
  const half = async (from: number) => {
    await floodUnread()
    for (let sent = from; sent < from + perHalf; sent += perBatch) {
      await sendLines(program, sample(lastingBatch, sent))
      await settle()
    }
    await endProcesses()
    await settle()
    await expect.poll(async () => (await observed.state()).guards, { timeout: 30_000 }).toEqual(guards)
    return await observed.memory()
  }
  // The first makes the program as large as it gets: code, buffers, what is remembered up to a limit.
  const first = await half(0)
  const second = await half(perHalf)
  printFigures('hostile lines to one program', {
    seed: `${seed}`,
    lines: `${2 * perHalf} and ${2 * floodLines} that nobody reads the answers of`,
    'held after the first half': megabytes(first.heldBytes),
    'after the second': megabytes(second.heldBytes),
    'resident after the first half': megabytes(first.residentBytes),
    'after all': megabytes(second.residentBytes),
  })
  expect(second.heldBytes / first.heldBytes).toBeLessThan(1.05)

  const descendants = await leaveSleeper(program, peer)
  peer.end()
  expect(await program.exited).toEqual({ status: 0, signal: null })
  for (const each of descendants) await each.gone()
  expect(program.logged.text).not.toMatch(/"level":[4-6]0/)
})

test('programs end in order, whatever ends them', { timeout }, async () => {
  const perProgram = 2 * perBatch
  let programs = 0
  for (let sent = 2 * perHalf; sent < messages; sent += perProgram) {
    const [what, end] = endings[programs++ % endings.length] ?? endings[0]
    await using program = Program.start(['exec-server', '--listen', 'stdio', '--max-message', `${maxMessageMib}MiB`])
    const peer = new LinePeer(program)
    await sendLines(program, sample(batch, sent))
    await expectAnswer(peer, 'first', { error: { code: -32600 } })
    // The lines may have greeted already.
    await peer.request('initialize', { clientName: 'fuzz' })
    peer.send({ method: 'initialized' })
    await sendLines(program, sample(batch, sent + perBatch))
    const descendants = await leaveSleeper(program, peer)
    await end(program, sent)
    await expectGone(program, descendants, `${what}, seed ${seed}, after ${sent} lines`)
  }
  printFigures('hostile lines to programs that end', {
    seed: `${seed}`,
    lines: `${messages - 2 * perHalf}`,
    programs: `${programs}`,
  })
})
