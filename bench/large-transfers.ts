import { createHash } from 'node:crypto'
import { createReadStream, type DisposableTempDir, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Bench, type Finding, ratio } from './support/bench.ts'
import type { Client } from './support/client.ts'
import { residentKib } from './support/memory.ts'
import { Prober } from './support/prober.ts'
import type { Samples } from './support/samples.ts'
import { Server } from './support/server.ts'

const mebibyte = 1024 * 1024

/** How often memory is looked at. */
const lookMs = 20

/** What one transfer moves and one tree holds; a hundred seconds at full size. */
const sizes = {
  scaled: { transferMib: 128, directories: 100, filesEach: 99 },
  full: { transferMib: 1024, directories: 1000, filesEach: 99 },
}

/** Blocks asked for before the first has come. */
const blocksInFlight = 4

/**
 * A large file up and down, and a walk over a large tree, while another client asks for nothing again and again: what
 * comes back is what was sent, memory stays what it was, and the other client hardly notices. `EXECGATE_BENCH_FULL=1` moves a
 * gibibyte and walks 100,000 entries.
 */
export const largeTransfers: Bench = {
  name: 'large-transfers',
  async run() {
    const size = process.env['EXECGATE_BENCH_FULL'] === '1' ? sizes.full : sizes.scaled
    using folder: DisposableTempDir = mkdtempDisposableSync(join(tmpdir(), 'execgate-bench-'))
    const uri = pathToFileURL(folder.path).href
    await using gateway = await Server.startGateway()
    const client = await gateway.connect()
    await using prober = await Prober.start(gateway.url)

    // What is allocated once does not count.
    await upload(client, `${uri}/file`, 16)
    await download(client, `${uri}/file`, 16)
    const memory = new HighWater(gateway.pid)
    const watch = { prober, memory }
    const up = await watched(watch, () => upload(client, `${uri}/file`, size.transferMib))
    const down = await watched(watch, () => download(client, `${uri}/file`, size.transferMib))
    const stored = await hashOf(join(folder.path, 'file'))
    if (up.result !== stored || down.result !== stored) throw new Error('what was transferred is not what was sent')

    plantTree(join(folder.path, 'tree'), size)
    const walk = await watched(watch, () => walkAll(client, `${uri}/tree`))
    const entries = size.directories * (size.filesEach + 1)
    if (walk.result !== entries) throw new Error(`the walks found ${walk.result} of ${entries} entries`)

    const rate = ({ ms }: { ms: number }) => (size.transferMib * 1.048576) / (ms / 1000)
    return [
      growth(`memory during ${size.transferMib} MiB up and down, and a walk`, memory, [up, down].map(rate)),
      patience('status beside an upload, per block', up, size.transferMib),
      patience('status beside a download, per block', down, size.transferMib),
      patience(`status beside a walk of ${entries}, per 1,000 entries`, walk, entries / 1000),
    ]
  },
}

function growth(name: string, memory: HighWater, [up = 0, down = 0]: readonly number[]): Finding {
  return {
    name,
    measured: [
      { label: 'before', value: memory.before / 1024, unit: 'MiB' },
      { label: 'up', value: up, unit: 'MB/s' },
      { label: 'down', value: down, unit: 'MB/s' },
    ],
    judged: { value: (memory.highest - memory.before) / 1024, unit: 'MiB' },
    bound: { atMost: 64 },
  }
}

/**
 * How long others wait, by what the work takes piece by piece: the same on a machine that has other work. The aim is 20 ms where
 * it has none.
 */
function patience(name: string, { ms, delays }: { ms: number; delays: Samples }, pieces: number): Finding {
  return {
    name,
    measured: [
      { label: 'p50', value: delays.p50, unit: 'ms' },
      { label: 'p99', value: delays.p99, unit: 'ms' },
      { label: 'a piece', value: ms / pieces, unit: 'ms' },
    ],
    judged: ratio(delays.p99, ms / pieces),
    bound: { atMost: 3 },
  }
}

interface Watch {
  readonly prober: Prober
  readonly memory: HighWater
}

/** The most memory a process was seen to have. */
class HighWater {
  readonly before: number
  highest: number
  readonly #pid: number

  constructor(pid: number) {
    this.#pid = pid
    this.before = residentKib(pid)
    this.highest = this.before
  }

  look(): void {
    this.highest = Math.max(this.highest, residentKib(this.#pid))
  }
}

/** Does the work and tells how long others had to wait for an answer meanwhile. */
async function watched<Result>({ prober, memory }: Watch, work: () => Promise<Result>) {
  await prober.delays()
  const startedAt = performance.now()
  const looking = setInterval(() => {
    memory.look()
  }, lookMs)
  try {
    const result = await work()
    return { result, ms: performance.now() - startedAt, delays: await prober.delays() }
  } finally {
    clearInterval(looking)
  }
}

/** @returns the hash of what was sent */
async function upload(client: Client, path: string, mib: number): Promise<string> {
  const hash = createHash('sha256')
  const block = Buffer.alloc(mebibyte, 'execgate')
  await client.call('fs/open', { handleId: 'up', path, mode: 'replace' })
  await inFlight(mib, async index => {
    block.writeUInt32LE(index)
    hash.update(block)
    await client.call('fs/writeBlock', { handleId: 'up', offset: index * mebibyte, chunk: block.toString('base64') })
  })
  await client.call('fs/close', { handleId: 'up' })
  return hash.digest('hex')
}

/** @returns the hash of what has come */
async function download(client: Client, path: string, mib: number): Promise<string> {
  const hash = createHash('sha256')
  await client.call('fs/open', { handleId: 'down', path })
  await inFlight(mib, async index => {
    // Answers come in the order of the requests for one handle.
    const { chunk } = await client.call('fs/readBlock', { handleId: 'down', offset: index * mebibyte, len: mebibyte })
    hash.update(chunk, 'base64')
  })
  await client.call('fs/close', { handleId: 'down' })
  return hash.digest('hex')
}

/** A few at a time, begun in their order. */
async function inFlight(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const work = async () => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: blocksInFlight }, work))
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** One walk reports at most 4 MiB and 50,000 entries, so the tree is walked part by part. @returns the entries found */
async function walkAll(client: Client, uri: string): Promise<number> {
  const options = { maxDepth: 9, maxDirectories: 10_000, maxEntries: 50_000, followDirectorySymlinks: false }
  const { entries: parts } = await client.call('fs/walk', { path: uri, options: { ...options, maxDepth: 0 } })
  let found = 0
  for (const { path } of parts) {
    const { entries, truncated } = await client.call('fs/walk', { path, options })
    if (truncated) throw new Error('a walk was cut short')
    found += entries.length
  }
  return found
}

/** Parts of 100 directories. */
function plantTree(path: string, { directories, filesEach }: { directories: number; filesEach: number }): void {
  for (let directory = 0; directory < directories; directory++) {
    const folder = join(path, `part-${Math.floor(directory / 100)}`, `directory-${directory}`)
    mkdirSync(folder, { recursive: true })
    for (let file = 0; file < filesEach; file++) writeFileSync(join(folder, `file-${file}.ts`), '')
  }
}
