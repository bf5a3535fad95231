import { type DisposableTempDir, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Bench, type Finding, ratio } from './support/bench.ts'
import { besideReference } from './support/beside-reference.ts'
import type { Client } from './support/client.ts'
import { oneByOne } from './support/samples.ts'

const mebibyte = 1024 * 1024
const streamedBytes = 16 * mebibyte

interface Operation {
  readonly name: string
  /** What is kept today, with room for a busy machine; the aim is 1 throughout. */
  readonly atMost: number
  readonly turns: number
  /** Turns before that, until everything has been compiled. */
  readonly warmUpTurns?: number
  /** Measurements of one turn. */
  readonly repeat: number
  /** Takes less time than waking up another core, and many runs to be compiled. */
  readonly isSmall?: boolean
  readonly run: (client: Client) => Promise<unknown>
}

/** What files cost beside the reference, the same requests on the same files in turns. */
export const fileOperations: Bench = {
  name: 'file-operations',
  async run(context) {
    using folder: DisposableTempDir = mkdtempDisposableSync(join(tmpdir(), 'execgate-bench-'))
    plantTree(folder.path)
    const findings: Finding[] = []
    for (const operation of operationsIn(pathToFileURL(folder.path).href)) {
      const { name, turns, repeat, run, atMost, isSmall = false, warmUpTurns = isSmall ? 32 : 2 } = operation
      const turn = (client: Client) => oneByOne(repeat, () => timed(() => run(client)))
      const { gateway, reference } = await besideReference(context, {
        turns,
        warmUpTurns,
        turn,
        isOnOneCore: isSmall,
      })
      findings.push({
        name,
        measured: [
          { label: 'p50', value: gateway.p50, unit: 'ms' },
          ...(reference === undefined ? [] : [{ label: 'reference p50', value: reference.p50, unit: 'ms' } as const]),
        ],
        judged: reference && ratio(gateway.p50, reference.p50),
        bound: { atMost },
      })
    }
    return findings
  },
}

function operationsIn(uri: string): readonly Operation[] {
  const contents = Buffer.alloc(4096, 'x').toString('base64')
  let created = 0
  const walk = { maxDepth: 9, maxDirectories: 10_000, maxEntries: 50_000, followDirectorySymlinks: false }
  return [
    {
      name: 'getMetadata',
      atMost: 1.3,
      turns: 24,
      repeat: 250,
      isSmall: true,
      run: client => client.call('fs/getMetadata', { path: `${uri}/small` }),
    },
    {
      name: 'readFile, 4 KiB',
      atMost: 1.3,
      turns: 24,
      repeat: 250,
      isSmall: true,
      run: client => client.call('fs/readFile', { path: `${uri}/small` }),
    },
    {
      name: 'readFile, 4 MiB',
      atMost: 1.3,
      turns: 6,
      repeat: 3,
      run: client => client.call('fs/readFile', { path: `${uri}/large` }),
    },
    {
      name: 'writeFile, 4 KiB',
      atMost: 1.2,
      turns: 24,
      repeat: 250,
      isSmall: true,
      run: client => client.call('fs/writeFile', { path: `${uri}/written`, dataBase64: contents }),
    },
    {
      name: 'getMetadata, nothing there',
      atMost: 1.8,
      turns: 24,
      repeat: 250,
      isSmall: true,
      run: client => client.call('fs/getMetadata', { path: `${uri}/nothing` }).then(somethingThere, nothingThere),
    },
    {
      name: 'writeFile, 4 KiB, new file',
      atMost: 2.5,
      turns: 24,
      repeat: 100,
      isSmall: true,
      run: client => {
        created += 1
        return client.call('fs/writeFile', { path: `${uri}/new-${created}`, dataBase64: contents })
      },
    },
    {
      name: 'readDirectory, 99 entries',
      atMost: 1.8,
      turns: 24,
      repeat: 100,
      isSmall: true,
      run: client => client.call('fs/readDirectory', { path: `${uri}/tree/directory-0` }),
    },
    {
      name: 'open, readBlock, close',
      atMost: 2,
      turns: 24,
      repeat: 100,
      isSmall: true,
      run: client => readSmall(client, `${uri}/small`),
    },
    {
      name: 'walk, 20,000 entries',
      atMost: 1.4,
      turns: 4,
      repeat: 2,
      run: client => client.call('fs/walk', { path: `${uri}/tree`, options: walk }),
    },
    {
      name: 'streamed read, 16 MiB',
      atMost: 1.3,
      turns: 24,
      warmUpTurns: 40,
      repeat: 1,
      run: client => readStream(client, `${uri}/streamed`),
    },
    {
      name: 'streamed write, 16 MiB',
      atMost: 1.3,
      turns: 24,
      warmUpTurns: 40,
      repeat: 1,
      run: client => writeStream(client, `${uri}/written`),
    },
  ]
}

/** 200 directories of 99 files. */
function plantTree(folder: string): void {
  writeFileSync(join(folder, 'small'), Buffer.alloc(4096, 'x'))
  writeFileSync(join(folder, 'large'), Buffer.alloc(4 * mebibyte, 'x'))
  writeFileSync(join(folder, 'streamed'), Buffer.alloc(streamedBytes, 'x'))
  for (let directory = 0; directory < 200; directory++) {
    const path = join(folder, 'tree', `directory-${directory}`)
    mkdirSync(path, { recursive: true })
    for (let file = 0; file < 99; file++) writeFileSync(join(path, `file-${file}.ts`), '')
  }
}

function somethingThere(): never {
  throw new Error('there is something where nothing should be')
}

function nothingThere(): void {}

async function readSmall(client: Client, path: string): Promise<void> {
  await client.call('fs/open', { handleId: 'small', path })
  await client.call('fs/readBlock', { handleId: 'small', offset: 0, len: 65_536 })
  await client.call('fs/close', { handleId: 'small' })
}

async function readStream(client: Client, path: string): Promise<void> {
  await client.call('fs/open', { handleId: 'read', path })
  for (let offset = 0; offset < streamedBytes; offset += mebibyte) {
    await client.call('fs/readBlock', { handleId: 'read', offset, len: mebibyte })
  }
  await client.call('fs/close', { handleId: 'read' })
}

async function writeStream(client: Client, path: string): Promise<void> {
  const chunk = Buffer.alloc(mebibyte, 'x').toString('base64')
  await client.call('fs/open', { handleId: 'write', path, mode: 'replace' })
  for (let offset = 0; offset < streamedBytes; offset += mebibyte) {
    await client.call('fs/writeBlock', { handleId: 'write', offset, chunk })
  }
  await client.call('fs/close', { handleId: 'write' })
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}
