import { chmodSync, chownSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { failureOf } from '../../../test/support/failure-of.ts'
import { openFilesBelow } from '../../../test/support/open-files-below.ts'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import type { RepeatedCalls } from '../file-handle.ts'
import { PartialDownload } from './partial-download.ts'
import { TransferCount } from './transfer-count.ts'
import { TransferJournal } from './transfer-journal.ts'

const refusal = Object.assign(new Error('operation not permitted'), { code: 'EPERM' })

async function openStage(mode = 0o755) {
  await using acquired = new AsyncDisposableStack()
  const folder = acquired.use(new ScratchFolder())
  const target = join(folder.path, 'there', 'file')
  folder.write('there/file', 'before')
  chmodSync(target, mode)
  const journalPath = join(folder.path, 'state', 'journal')
  const journal = acquired.use(await TransferJournal.open(journalPath, 'a to b'))
  const count = new TransferCount(1)
  const calls = {
    connection: {},
    call: () => Promise.reject(refusal),
    repeated: attempt => attempt(),
  } satisfies RepeatedCalls
  const signal = new AbortController().signal
  const download = {
    source: 'file:///source',
    target: Buffer.from(target),
    name: 'there',
    metadata: { isDirectory: false, isFile: true, isSymlink: false, size: 9, createdAtMs: 1, modifiedAtMs: 1 },
    identity: 'new',
    existing: statSync(target, { bigint: true }),
    count: count.begin(9),
  }
  const statsOfPart = () => {
    const part = readdirSync(join(folder.path, 'there')).find(name => name !== 'file') ?? ''
    return statSync(join(folder.path, 'there', part))
  }
  const owned = acquired.move()
  return {
    journal,
    folder: join(folder.path, 'there'),
    statsOfPart,
    modeOfPart: () => statsOfPart().mode & 0o7777,
    /** Has the target belong to somebody else. */
    give: (uid: number, gid: number) => {
      chownSync(target, uid, gid)
      download.existing = statSync(target, { bigint: true })
    },
    open: (used?: TransferJournal) =>
      PartialDownload.open({ calls, canWriteBlocks: true, journal: used, count, signal }, download),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** What all open files have in common, to have one of their methods fail. */
async function prototypeOfFiles(): Promise<FileHandle> {
  await using file = await open('/dev/null')
  return Object.getPrototypeOf(file) as FileHandle
}

it.each([true, false])('leaves no file, open or not, that could not get its permissions, journal: %s', async isKept => {
  await using stage = await openStage()
  using _chmod = vi.spyOn(await prototypeOfFiles(), 'chmod').mockRejectedValue(refusal)
  expect(await failureOf(stage.open(isKept ? stage.journal : undefined))).toBe(refusal)
  expect(openFilesBelow(stage.folder)).toEqual([])
  expect(readdirSync(stage.folder)).toEqual(['file'])
})

it('leaves no part of an earlier run open that cannot be looked at', async () => {
  await using stage = await openStage()
  const part = join(stage.folder, '.execgate-1.part')
  writeFileSync(part, 'begun')
  await stage.journal.announce('there', 'new', PathUri.fromNative(part).canonical)
  using _stat = vi.spyOn(await prototypeOfFiles(), 'stat').mockRejectedValue(refusal)
  expect(await failureOf(stage.open(stage.journal))).toBe(refusal)
  expect(openFilesBelow(stage.folder)).toEqual([])
  expect(readdirSync(stage.folder).toSorted()).toEqual(['.execgate-1.part', 'file'])
})

it('holds one file open while it lasts', async () => {
  await using stage = await openStage()
  {
    await using _partial = await stage.open()
    expect(openFilesBelow(stage.folder)).toHaveLength(1)
  }
  expect(openFilesBelow(stage.folder)).toEqual([])
  expect(readdirSync(stage.folder)).toEqual(['file'])
})

it.each([0o600, 0o640, 0o4755])(
  'is never for more eyes than the target, and of its permissions then: %i',
  async mode => {
    await using stage = await openStage(mode)
    const created: number[] = []
    const files = await prototypeOfFiles()
    const { stat } = files
    using _stat = vi.spyOn(files, 'stat').mockImplementation(async function (this: FileHandle, ...args) {
      const stats = await Reflect.apply(stat, this, args)
      created.push(Number(stats?.mode) & 0o7777)
      return stats
    })
    await using _partial = await stage.open()
    expect(created.map(found => found & ~mode)).toEqual([0])
    expect(stage.modeOfPart()).toBe(mode)
  },
)

it.runIf(process.geteuid?.() === 0)('belongs to whom the target belongs, and is for nobody else before', async () => {
  await using stage = await openStage(0o640)
  stage.give(1, 2)
  const files = await prototypeOfFiles()
  using chown = vi.spyOn(files, 'chown')
  using chmod = vi.spyOn(files, 'chmod')
  await using _partial = await stage.open()
  expect(stage.statsOfPart()).toMatchObject({ uid: 1, gid: 2 })
  expect(stage.modeOfPart()).toBe(0o640)
  expect(chown.mock.invocationCallOrder).toHaveLength(1)
  expect(chmod.mock.invocationCallOrder[0]).toBeGreaterThan(chown.mock.invocationCallOrder[0] ?? Infinity)
})

it.runIf(process.geteuid?.() === 0).each([true, false])(
  'is not made where it cannot belong to whom the target belongs, begun earlier: %s',
  async isBegun => {
    await using stage = await openStage()
    stage.give(1, 2)
    if (isBegun) {
      const part = join(stage.folder, '.execgate-1.part')
      writeFileSync(part, 'begun')
      await stage.journal.announce('there', 'new', PathUri.fromNative(part).canonical)
    }
    using _chown = vi.spyOn(await prototypeOfFiles(), 'chown').mockRejectedValue(refusal)
    expect(await stage.open(stage.journal)).toBeUndefined()
    expect(openFilesBelow(stage.folder)).toEqual([])
    expect(readdirSync(stage.folder)).toEqual(['file'])
  },
)

it('has the permissions of the target also where an earlier run was cut before it gave them', async () => {
  await using stage = await openStage(0o644)
  const part = join(stage.folder, '.execgate-1.part')
  writeFileSync(part, '', { mode: 0o600 })
  await stage.journal.announce('there', 'new', PathUri.fromNative(part).canonical)
  await using _partial = await stage.open(stage.journal)
  expect(readdirSync(stage.folder)).toHaveLength(2)
  expect(stage.modeOfPart()).toBe(0o644)
})
