import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { FileCalls } from '../libc/file-calls.ts'
import { openLibrary } from '../libc/library.ts'
import { eventually } from '../../test/support/eventually.ts'
import { makeFifo } from '../../test/support/fifo.ts'
import { overlayMount } from '../../test/support/overlay-mount.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { CachedFiles } from './cached-files.ts'
import { openTerritory } from './open-territory.ts'
import { metadataOf, readMetadata } from './metadata.ts'
import { writeFile } from './regular-file.ts'
import { everywhere, type Territory } from './territory.ts'

const contents = new BufferPools([{ leastBytes: 1, bytes: 1000, maxFree: 1 }])

function fileCalls(): FileCalls {
  const calls = FileCalls.open(openLibrary())
  if (calls === undefined) throw new Error('the kernel is too old for these tests')
  return calls
}

/** Of a folder on a file system that is known already. */
async function stage(folder: ScratchFolder, territory: Territory = everywhere) {
  const calls = fileCalls()
  const cached = new CachedFiles(calls, contents)
  folder.write('seen', '')
  const seen = Buffer.from(join(folder.path, 'seen'))
  await eventually(() => cached.facts(everywhere, seen, true) !== undefined, 'the mount is known')
  const at = (name: string) => Buffer.from(join(folder.path, name))
  return {
    cached,
    facts: (name: string, followSymlinks = true) => {
      const facts = cached.facts(territory, at(name), followSymlinks)
      return facts === 'missing' ? undefined : facts
    },
    calls,
    contents: async (name: string, followSymlinks = true) =>
      (await cached.contents(territory, at(name), followSymlinks))?.toString(),
    write: (name: string, text: string) => writeFile({ cached, territory }, at(name), Buffer.from(text), true),
    at,
  }
}

/** The kernel may always say that it cannot tell right now. */
async function told<Value>(ask: () => Value | undefined | Promise<Value | undefined>): Promise<Value> {
  for (let times = 0; times < 10_000; times++) {
    const value = await ask()
    if (value !== undefined) return value
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error('the kernel never told what it has in memory')
}

afterEach(() => {
  vi.restoreAllMocks()
})

const openDescriptors = () => readdirSync('/proc/self/fd').length

it('tells what lstat tells of files and directories', async () => {
  using folder = new ScratchFolder()
  const { facts } = await stage(folder)
  for (const name of ['a/file', '.', 'a']) {
    if (name === 'a/file') folder.write(name, 'contents')
    const stats = lstatSync(join(folder.path, name), { bigint: true })
    expect(await told(() => facts(name))).toMatchObject({
      kind: stats.isFile() ? 'file' : 'directory',
      size: Number(stats.size),
      createdAtMs: Number(stats.birthtimeMs),
      modifiedAtMs: Number(stats.mtimeMs),
    })
  }
})

it('tells of what is missing once the kernel remembers that', async () => {
  using folder = new ScratchFolder()
  const { cached, at } = await stage(folder)
  const missing = () => cached.facts(everywhere, at('nothing'), true) === 'missing'
  // Looking for it makes the kernel remember.
  await told(() => lstatSync(at('nothing'), { throwIfNoEntry: false }) ?? (missing() || undefined))
  await expect(async () => metadataOf({ cached, territory: everywhere }, at('nothing'), true)).rejects.toMatchObject({
    kind: 'notFound',
    message: 'No such file or directory (os error 2)',
    data: { errno: 'ENOENT' },
  })
  const contents = await told(() => cached.contents(everywhere, at('nothing'), true))
  expect(contents).toBe('missing')
  folder.write('nothing', 'something')
  expect(await told(() => cached.facts(everywhere, at('nothing'), true))).toMatchObject({ kind: 'file', size: 9 })
})

it('knows where a file ends, but for those whose size says nothing', async () => {
  using folder = new ScratchFolder()
  const { cached, at } = await stage(folder)
  folder.write('file', 'contents')
  await using file = await open(at('file'))
  expect(cached.endsBefore(file.fd, 8n)).toBe(false)
  expect(cached.endsBefore(file.fd, 9n)).toBe(true)
  writeFileSync(at('file'), '!', { flag: 'a' })
  expect(cached.endsBefore(file.fd, 9n)).toBe(false)
  await using status = await open('/proc/self/status')
  expect(cached.endsBefore(status.fd, 1n)).toBe(false)
  // It does not say when it was made either, so that it is looked at in another way.
  expect([cached.isFile(file), cached.isFile(status)]).toEqual([true, false])
  await using directory = await open(folder.path)
  expect(cached.isFile(directory)).toBe(false)
})

it('does not take for small what may have many names', async () => {
  using folder = new ScratchFolder()
  const { cached, at } = await stage(folder)
  expect(await told(() => cached.isSmallDirectory(everywhere, at('.')) || undefined)).toBe(true)
  expect(cached.isSmallDirectory(everywhere, at('seen'))).toBe(false)
  mkdirSync(at('many'))
  const long = 'x'.repeat(200)
  for (let index = 0; index < 4000; index++) writeFileSync(at(`many/${index}${long}`), '')
  await told(() => cached.facts(everywhere, at('many'), true))
  expect(cached.isSmallDirectory(everywhere, at('many'))).toBe(false)
})

it('describes an entry as the long way does', async () => {
  using folder = new ScratchFolder()
  const { cached, at } = await stage(folder)
  folder.write('file', 'x')
  symlinkSync('file', join(folder.path, 'link'))
  for (const name of ['file', 'link', '.']) {
    const short = await metadataOf({ cached, territory: everywhere }, at(name), true)
    expect(short).toEqual(await readMetadata(everywhere, at(name), true))
  }
})

it('leaves links to others, and follows those on the way only where that is allowed', async () => {
  using folder = new ScratchFolder()
  const { facts, contents } = await stage(folder)
  folder.write('real/file', 'contents')
  symlinkSync('real', join(folder.path, 'way'))
  symlinkSync('real/file', join(folder.path, 'end'))
  // Who follows a link writes down when, unless that has been done since it was made: it may take a disk.
  lutimesSync(join(folder.path, 'way'), Date.now() / 1000 + 60, Date.now() / 1000)
  expect(facts('end')).toBeUndefined()
  expect(await told(() => facts('way/file'))).toMatchObject({ kind: 'file' })
  expect(facts('way/file', false)).toBeUndefined()
  expect(await told(() => contents('way/file'))).toBe('contents')
  expect(await contents('way/file', false)).toBeUndefined()
})

it('stays in the directories of an operator', async () => {
  using folder = new ScratchFolder()
  folder.write('inside/file', 'in')
  folder.write('outside/file', 'out')
  symlinkSync('../outside', join(folder.path, 'inside/way'))
  const { contents } = await stage(
    folder,
    openTerritory({ fileRoots: [join(folder.path, 'inside')], readOnlyFileRoots: [] }),
  )
  expect(await told(() => contents('inside/file'))).toBe('in')
  expect(await contents('outside/file')).toBeUndefined()
  expect(await contents('inside/way/file')).toBeUndefined()
})

it('reads regular files of which all is there, and opens nothing else', async () => {
  using folder = new ScratchFolder()
  const { contents } = await stage(folder)
  const mebibyte = 1024 * 1024
  folder.write('empty', '')
  folder.write('full', 'x'.repeat(mebibyte))
  folder.write('large', 'x'.repeat(mebibyte + 1))
  makeFifo(join(folder.path, 'fifo'))
  expect(await told(() => contents('empty'))).toBe('')
  expect(await told(() => contents('full'))).toHaveLength(mebibyte)
  for (const name of ['large', 'fifo', '.', 'missing']) expect(await contents(name)).toBeUndefined()
})

it('has another thread read what the kernel would have to wait for', async () => {
  using folder = new ScratchFolder()
  const { calls, contents, facts } = await stage(folder)
  const path = folder.write('file', 'contents')
  await told(() => facts('file'))
  const before = openDescriptors()
  vi.spyOn(calls, 'readAt').mockReturnValue(undefined)
  expect(await told(() => contents('file'))).toBe('contents')
  vi.spyOn(calls, 'readAt').mockImplementation(() => {
    writeFileSync(path, 'it has grown')
    return undefined
  })
  expect(await contents('file')).toBeUndefined()
  expect(openDescriptors()).toBe(before)
})

it('keeps no thread waiting for what takes the place of a file between the look and the opening', async () => {
  using folder = new ScratchFolder()
  const { cached, calls, facts, at } = await stage(folder)
  folder.write('file', 'contents')
  makeFifo(join(folder.path, 'fifo'))
  const file = await told(() => facts('file'))
  const open = openDescriptors()
  vi.spyOn(calls, 'facts').mockReturnValueOnce(file)
  expect(cached.contents(everywhere, at('fifo'), true)).toBeUndefined()
  expect(openDescriptors()).toBe(open)
})

it('writes files on overlay over as well, those of a lower layer too', async context => {
  using overlay = overlayMount({ lower: { below: 'old and longer', both: 'old' } })
  if (overlay === undefined) return context.skip('this user may not mount an overlay')
  const calls = fileCalls()
  const cached = new CachedFiles(calls, contents)
  const at = (name: string) => Buffer.from(join(overlay.path, name))
  for (const name of ['below', 'both']) lstatSync(at(name))
  await eventually(() => cached.facts(everywhere, at('both'), true) !== undefined, 'the mount is known')
  const before = openDescriptors()
  const opened = vi.spyOn(calls, 'openFile')
  for (const name of ['below', 'both', 'both']) {
    await writeFile({ cached, territory: everywhere }, at(name), Buffer.from(`new ${name}`), true)
    expect(readFileSync(at(name), 'utf8')).toBe(`new ${name}`)
    expect((await cached.contents(everywhere, at(name), true))?.toString()).toBe(`new ${name}`)
  }
  await eventually(() => openDescriptors() === before, 'all descriptors are closed')
  expect(readFileSync(join(overlay.lower, 'below'), 'utf8')).toBe('old and longer')
  // It copies the file up, and everybody would wait for that.
  expect(opened.mock.calls.map(([, opening]) => opening)).not.toContain('write')
  expect(cached.openToWrite(everywhere, at('both'), true)).toBeUndefined()
})

it('opens nothing to write but files', async () => {
  using folder = new ScratchFolder()
  const { cached, calls, facts, at } = await stage(folder)
  folder.write('file', '')
  const file = await told(() => facts('file'))
  makeFifo(join(folder.path, 'fifo'))
  // Without a reader it could not be opened.
  await using _reader = await open(join(folder.path, 'fifo'), 'r+')
  const before = openDescriptors()
  const opened = vi.spyOn(calls, 'openFile')
  for (const name of ['fifo', '.']) expect(cached.openToWrite(everywhere, at(name), true)).toBeUndefined()
  expect(opened.mock.calls.map(([, opening]) => opening)).toEqual(['look', 'look'])
  // Put there when the file had been looked at.
  vi.spyOn(calls, 'facts').mockReturnValueOnce(file)
  expect(cached.openToWrite(everywhere, at('fifo'), true)).toBeUndefined()
  expect(opened.mock.lastCall?.[1]).toBe('write')
  await eventually(() => openDescriptors() === before, 'all descriptors are closed')
})

it('knows nothing of file systems that make up what they hold', async () => {
  const cached = new CachedFiles(FileCalls.open(openLibrary()), contents)
  for (let times = 0; times < 3; times++) {
    expect(cached.facts(everywhere, Buffer.from('/proc/self/status'), true)).toBeUndefined()
    await new Promise(resolve => setImmediate(resolve))
  }
})

it('leaves no descriptor open, whatever it is asked for', async () => {
  using folder = new ScratchFolder()
  const { facts, contents, write } = await stage(folder)
  folder.write('file', 'x')
  symlinkSync('file', join(folder.path, 'link'))
  const before = openDescriptors()
  for (const name of ['file', 'link', 'missing', '.']) {
    facts(name)
    await contents(name)
    await write(name, 'y').catch(() => undefined)
  }
  await eventually(() => openDescriptors() === before, 'all descriptors are closed')
  expect(openDescriptors()).toBe(before)
})

it('writes a file over: never more and never less than what was given, in the same file', async () => {
  using folder = new ScratchFolder()
  const { write } = await stage(folder)
  const path = folder.write('file', '')
  const { ino } = lstatSync(path)
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), async (old, text) => {
      writeFileSync(path, old)
      await write('file', text)
      expect(readFileSync(path, 'utf8')).toBe(text)
    }),
    { numRuns: 200 },
  )
  expect(lstatSync(path).ino).toBe(ino)
})

it('cuts off what somebody else adds to a file while it is written over', async () => {
  using folder = new ScratchFolder()
  const { write } = await stage(folder)
  const path = folder.write('file', 'old')
  const writing = write('file', 'new')
  truncateSync(path, 100)
  await writing
  expect(readFileSync(path, 'utf8')).toBe('new')
})

it('holds a directory, tells what stat tells apart, and lets go of it', async () => {
  using folder = new ScratchFolder()
  const { cached, at } = await stage(folder)
  folder.write('a/b/file', '')
  symlinkSync('a', join(folder.path, 'link'))
  const open = openDescriptors()
  {
    await using held = await told(() => cached.directory(everywhere, at('a')))
    const numbers = ({ dev, ino }: { dev: bigint; ino: bigint }) => ({ dev, ino })
    expect(held.identity()).toEqual(numbers(lstatSync(at('a'), { bigint: true })))
    const below = await told(() => cached.identityIn(held, Buffer.from('b')))
    expect(below).toEqual(numbers(lstatSync(at('a/b'), { bigint: true })))
    expect(readdirSync(held.at('.'))).toEqual(['b'])
    expect(cached.identityIn(held, Buffer.from('nothing'))).toBeUndefined()
    expect(openDescriptors()).toBe(open + 1)
  }
  for (const name of ['link', 'a/b/file', 'nothing']) expect(cached.directory(everywhere, at(name))).toBeUndefined()
  expect(openDescriptors()).toBe(open)
})
