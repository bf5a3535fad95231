import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { scale, timeout } from '../support/endurance-scale.ts'
import { megabytes, printFigures } from '../support/figures.ts'
import { debugged, memoryOf } from '../support/debugged-program.ts'
import { ForeignProcess } from '../support/foreign-process.ts'
import { startFound } from '../support/found-process.ts'
import { metricValue } from '../support/metric-value.ts'
import { OneShots } from '../support/one-shots.ts'
import type { Peer } from '../support/peer.ts'
import { anyPort, plainPath, Program } from '../support/program.ts'

/** A hundred times as many are the ten gigabytes that are promised to be harmless. */
const outputBytes = 100_000_000 * scale

/** How long the client reads nothing: a minute at full scale. Others go on meanwhile, for as many turns as tell something. */
const stuckMs = 600 * scale
const leastTurns = 20
const perTurn = 10

/** While nobody reads: what is in flight, what is kept to be read again, the buffers of a socket, and luck with garbage. */
const maxGrowthKib = 48 * 1024

/** While gigabytes pass through, garbage of the gateway's comes on top; its collector takes its time. */
const maxPassingGrowthKib = 256 * 1024

/** In the end, without garbage: output that can be read again, launches that are remembered. */
const maxHeldGrowthBytes = 12_000_000

/** What a process gets rid of while nobody reads: four mebibytes on their way, and what pipes take. It waits with the rest. */
const maxUnreadBytes = 5 * 1024 * 1024

/** What of a process can be read again in the end, at most. */
const maxKeptBytes = 8 * 1024 * 1024

/** One-shots beside a stuck client against those of a gateway without. The machine may have other work once or twice. */
const maxSlowdown = 1.2
const attempts = 3

const warmUpBytes = 500_000_000
const warmUpOneShots = 500

/** How often the client stops again before it has everything. */
const stops = 5

// What others leave behind to be read again is not what is measured.
const serving = ['serve', ...anyPort, '--log-level', 'error', '--max-closed-processes', '10']
const zeros = (bytes: number) => `echo $$; exec head -c ${bytes} /dev/zero`

/** As large as it gets while somebody reads: code, buffers, room to collect garbage. */
async function warmUp(program: Program): Promise<OneShots> {
  const reader = await program.connect()
  reader.consume('process/output', () => {})
  await reader.run('warm-up', `exec head -c ${warmUpBytes} /dev/zero`, { env: { PATH: plainPath } })
  const oneShots = new OneShots(await program.connect())
  await oneShots.times(warmUpOneShots)
  return oneShots
}

/** How much more memory a gateway has taken than one without a stuck client that does the same, since both had no garbage. */
class Growth {
  readonly #gateway: ForeignProcess
  readonly #quiet: ForeignProcess
  readonly #differenceKib: number

  constructor(gateway: ForeignProcess, quiet: ForeignProcess) {
    this.#gateway = gateway
    this.#quiet = quiet
    this.#differenceKib = gateway.residentKib - quiet.residentKib
  }

  /** @returns the most of it and of what was seen before */
  expectBelow(maxKib: number, mostKib: number): number {
    const grownKib = this.#gateway.residentKib - this.#quiet.residentKib - this.#differenceKib
    expect(grownKib).toBeLessThan(maxKib)
    return Math.max(grownKib, mostKib)
  }
}

/** Counts output instead of keeping it. */
class OutputCount {
  bytes = 0
  #awaited = { bytes: Infinity, reached: () => {} }

  constructor(peer: Peer) {
    peer.consume('process/output', ({ chunk }: { chunk: string }) => {
      this.bytes += Buffer.byteLength(chunk, 'base64')
      if (this.bytes >= this.#awaited.bytes) this.#awaited.reached()
    })
  }

  reaches(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#awaited = { bytes, reached: resolve }
    return promise
  }
}

/** What a process has written since it was forked. proc_pid_io(5) */
function writtenBytes({ pid }: ForeignProcess): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1])
}

/** Output that a gateway has forgotten to keep to its window. */
function evictedBytes({ url }: Program): Promise<number> {
  return metricValue(url, 'exec_server_output_evicted_bytes_total{reason="window"}')
}

/** Takes turns until both the time is over and there were enough. @returns how many times as long the first takes */
async function compare(beside: OneShots, alone: OneShots, until: number, afterEach: () => void): Promise<number> {
  const times = { beside: [] as number[], alone: [] as number[] }
  for (let turn = 0; turn < leastTurns || performance.now() < until; turn++) {
    times.beside.push(...(await beside.times(perTurn)))
    times.alone.push(...(await alone.times(perTurn)))
    afterEach()
  }
  const [p50, quietP50] = [median(times.beside), median(times.alone)]
  printFigures('one-shots beside a stuck client', {
    count: `${times.beside.length}`,
    p50: `${p50.toFixed(2)} ms`,
    'beside nobody': `${quietP50.toFixed(2)} ms`,
    ratio: (p50 / quietP50).toFixed(3),
  })
  return p50 / quietP50
}

function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? NaN
}

test(
  'a client that reads nothing of gigabytes costs a bounded amount and nobody any time, and gets all of it in the end',
  { timeout },
  async () => {
    await using program = await Program.listening(serving, { command: debugged })
    await using quiet = await Program.listening(serving, { command: debugged })
    const beside = await warmUp(program)
    const alone = await warmUp(quiet)
    const stuck = await program.connect()
    const heldBefore = await memoryOf(program)
    await memoryOf(quiet)
    const growth = new Growth(ForeignProcess.of(program.pid), ForeignProcess.of(quiet.pid))
    const evictedBefore = await evictedBytes(program)

    using writer = await startFound(stuck, 'p', zeros(outputBytes))
    const firstBytes = stuck.output('p').length
    const received = new OutputCount(stuck)
    stuck.socket.pause()
    const stuckAt = performance.now()
    await writer.quiet()
    let [slowdown, mostStuckKib, mostPassingKib] = [Infinity, 0, 0]
    for (let attempt = 0; attempt < attempts && !(slowdown < maxSlowdown); attempt++) {
      slowdown = await compare(beside, alone, stuckAt + stuckMs, () => {
        mostStuckKib = growth.expectBelow(maxGrowthKib, mostStuckKib)
      })
    }
    expect(slowdown).toBeLessThan(maxSlowdown)

    // The process waits, and nothing goes but what the client had read before.
    expect(writer.isAlive, 'it is held back, not done').toBe(true)
    const read = firstBytes + received.bytes
    const unread = writtenBytes(writer) - read
    expect(unread).toBeLessThan(maxUnreadBytes)
    expect((await evictedBytes(program)) - evictedBefore).toBeLessThanOrEqual(read)
    const stuckSeconds = (performance.now() - stuckAt) / 1000

    for (let stop = 1; stop <= stops; stop++) {
      stuck.socket.resume()
      await received.reaches((outputBytes * stop) / (stops + 1))
      stuck.socket.pause()
      await writer.quiet()
      mostPassingKib = growth.expectBelow(maxPassingGrowthKib, mostPassingKib)
    }
    stuck.socket.resume()
    await stuck.event('p', 'process/closed')
    expect(firstBytes + received.bytes).toBe(`${writer.pid}\n`.length + outputBytes)
    const heldAfter = await memoryOf(program)
    printFigures('a stuck client', {
      'read nothing for': `${stuckSeconds.toFixed(1)} s`,
      'its process wrote meanwhile': megabytes(unread),
      'and in all': megabytes(outputBytes),
      'gateway before': megabytes(heldBefore.residentBytes),
      'at most more while nothing is read': `${Math.round(mostStuckKib / 1024)} MiB`,
      'while gigabytes pass': `${Math.round(mostPassingKib / 1024)} MiB`,
      'held before': megabytes(heldBefore.heldBytes),
      'in the end': megabytes(heldAfter.heldBytes),
    })
    expect(heldAfter.heldBytes - heldBefore.heldBytes).toBeLessThan(maxHeldGrowthBytes)

    // What it has read went, but for the window that can be read again.
    expect((await evictedBytes(program)) - evictedBefore).toBeGreaterThan(outputBytes - maxKeptBytes)
    const { firstRetainedSeq } = await stuck.call('process/read', { processId: 'p', afterSeq: 0, maxBytes: 1 })
    expect(firstRetainedSeq).toBeGreaterThan(1)
  },
)
