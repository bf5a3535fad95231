import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { makeFifo } from '../../test/support/fifo.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { type Folder, folders, hardLink, harvest, isFolder, isLink, plant, type Tree } from '../../test/support/tree.ts'
import { copyEntry } from './copying.ts'
import { everywhere } from './territory.ts'

const forever = new AbortController().signal

const copy = (source: string, destination: string, recursive = false, signal = forever) =>
  copyEntry(
    { territory: everywhere, signal },
    { source: Buffer.from(source), destination: Buffer.from(destination), recursive },
  )

describe('copying that must not go on', () => {
  const abandoned = new Error('nobody waits any more')

  it('stops between two entries of a tree', async () => {
    using scratch = new ScratchFolder()
    const [source, destination] = [join(scratch.path, 'from'), join(scratch.path, 'to')]
    plant(
      source,
      Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`f${index}`, { link: 'nowhere' }] as const)),
    )
    const giving = new AbortController()
    const copying = copy(source, destination, true, giving.signal)
    await eventually(() => existsSync(destination), 'the copy has begun')
    giving.abort(abandoned)
    await expect(copying).rejects.toBe(abandoned)
    expect(readdirSync(destination).length).toBeLessThan(3000)
  })

  it('stops within a file', async () => {
    using scratch = new ScratchFolder()
    const source = scratch.write('source', 'x')
    truncateSync(source, 2 ** 30)
    const giving = new AbortController()
    const copying = copy(source, join(scratch.path, 'made'), false, giving.signal)
    await eventually(() => existsSync(join(scratch.path, 'made')), 'the copy has begun')
    giving.abort(abandoned)
    await expect(copying).rejects.toBe(abandoned)
  })
})

describe('copying a file', () => {
  it('takes contents and permissions over those of the destination, which stays the same file', async () => {
    using scratch = new ScratchFolder()
    const source = scratch.write('source', 'new', 0o640)
    const destination = scratch.write('destination', 'old and longer', 0o755)
    const { ino } = statSync(destination)
    await copy(source, destination)
    expect(readFileSync(destination, 'utf8')).toBe('new')
    expect(statSync(destination).mode & 0o7777).toBe(0o640)
    expect(statSync(destination).ino).toBe(ino)
  })

  it('makes a file that nobody may write, its owner included', async () => {
    using scratch = new ScratchFolder()
    const source = scratch.write('source', 'fixed', 0o444)
    await copy(source, join(scratch.path, 'made'))
    expect(readFileSync(join(scratch.path, 'made'), 'utf8')).toBe('fixed')
    expect(statSync(join(scratch.path, 'made')).mode & 0o7777).toBe(0o444)
  })

  it.each(['itself', 'a hard link', 'a link'])('onto %s leaves it as it is', async kind => {
    using scratch = new ScratchFolder()
    const source = scratch.write('source', 'precious')
    const destination = join(scratch.path, kind === 'itself' ? 'source' : 'other')
    if (kind === 'a hard link') hardLink(source, destination)
    if (kind === 'a link') symlinkSync('source', destination)
    await copy(source, destination)
    expect(readFileSync(source, 'utf8')).toBe('precious')
  })

  it('follows a link at the destination, even one that leads nowhere yet', async () => {
    using scratch = new ScratchFolder()
    const source = scratch.write('source', 'text')
    symlinkSync('target', join(scratch.path, 'link'))
    await copy(source, join(scratch.path, 'link'))
    expect(readFileSync(join(scratch.path, 'target'), 'utf8')).toBe('text')
  })

  it('copies every byte of a file of more than one step', async () => {
    using scratch = new ScratchFolder()
    const source = join(scratch.path, 'source')
    writeFileSync(source, Buffer.alloc(3 * 1024 * 1024 + 17, 'abcdefg'))
    await copy(source, join(scratch.path, 'made'))
    expect(readFileSync(join(scratch.path, 'made')).equals(readFileSync(source))).toBe(true)
  })

  it('never waits for a FIFO at either end', async () => {
    using scratch = new ScratchFolder()
    const fifo = makeFifo(join(scratch.path, 'fifo'))
    const source = scratch.write('source', 'text')
    await expect(copy(fifo, join(scratch.path, 'made'))).rejects.toThrow(
      'fs/copy only supports regular files, directories, and symlinks',
    )
    await expect(copy(source, fifo)).rejects.toMatchObject({ code: 'ENXIO' })
    expect(() => lstatSync(join(scratch.path, 'made'))).toThrow('ENOENT')
  })
})

describe('copying a link', () => {
  it('makes the same link, and never in place of something', async () => {
    using scratch = new ScratchFolder()
    const source = join(scratch.path, 'link')
    symlinkSync('../nowhere', source)
    await copy(source, join(scratch.path, 'made'))
    expect(readlinkSync(join(scratch.path, 'made'))).toBe('../nowhere')
    await expect(copy(source, join(scratch.path, 'made'))).rejects.toMatchObject({ code: 'EEXIST' })
  })
})

describe('copying a directory', () => {
  it('has to be asked for', async () => {
    using scratch = new ScratchFolder()
    await expect(copy(scratch.path, join(scratch.path, '../made'))).rejects.toThrow(
      'fs/copy requires recursive: true when sourcePath is a directory',
    )
  })

  it.each(['tree', 'tree/sub/new', 'alias/new', 'tree/../tree/new'])('refuses to go into itself: %s', async to => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), { sub: { file: 'text' } })
    symlinkSync('tree', join(scratch.path, 'alias'))
    await expect(copy(join(scratch.path, 'tree'), join(scratch.path, to), true)).rejects.toThrow(
      'fs/copy cannot copy a directory to itself or one of its descendants',
    )
    expect(harvest(join(scratch.path, 'tree'))).toEqual({ sub: { file: 'text' } })
  })

  it('ends when a link in the destination leads back into the source', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), { sub: { inner: { file: 'text' } } })
    mkdirSync(join(scratch.path, 'made'))
    symlinkSync('../tree/sub/inner', join(scratch.path, 'made/sub'))
    await expect(copy(join(scratch.path, 'tree'), join(scratch.path, 'made'), true)).rejects.toThrow(
      'fs/copy cannot copy a directory to itself or one of its descendants',
    )
  })

  it('leaves out what is neither file, link nor directory', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), { file: 'text' })
    makeFifo(join(scratch.path, 'tree/fifo'))
    await copy(join(scratch.path, 'tree'), join(scratch.path, 'made'), true)
    expect(harvest(join(scratch.path, 'made'))).toEqual({ file: 'text' })
  })

  it('keeps names that are not UTF-8', async () => {
    using scratch = new ScratchFolder()
    const odd = Buffer.concat([Buffer.from(join(scratch.path, 'tree/')), Buffer.from([0xff, 0x09, 0x0a, 0xfe])])
    mkdirSync(join(scratch.path, 'tree'))
    writeFileSync(odd, 'odd')
    await copy(join(scratch.path, 'tree'), join(scratch.path, 'made'), true)
    const made = Buffer.concat([Buffer.from(join(scratch.path, 'made/')), Buffer.from([0xff, 0x09, 0x0a, 0xfe])])
    expect(readFileSync(made, 'utf8')).toBe('odd')
  })

  it('merges into what is there, or fails where that cannot be, and never touches the source', async () => {
    await fc.assert(
      fc.asyncProperty(folders(2, ['a', '../b', 'nowhere']), folders(2, []), async (source, destination) => {
        using scratch = new ScratchFolder()
        const [from, to] = [join(scratch.path, 'from'), join(scratch.path, 'to')]
        plant(from, source)
        plant(to, destination)
        const expected = merged(source, destination)
        if (expected === undefined) await expect(copy(from, to, true)).rejects.toHaveProperty('code')
        else {
          await copy(from, to, true)
          expect(harvest(to)).toEqual(expected)
        }
        expect(harvest(from)).toEqual(source)
      }),
      { numRuns: 150 },
    )
  })

  it('needs no permission to write to the source', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), { file: 'text' })
    chmodSync(join(scratch.path, 'tree'), 0o555)
    await copy(join(scratch.path, 'tree'), join(scratch.path, 'a/b/made'), true)
    expect(harvest(join(scratch.path, 'a/b/made'))).toEqual({ file: 'text' })
  })
})

/** What comes of a copy onto a tree; undefined where one of them is in the way of the other. */
function merged(source: Folder, destination: Folder): Folder | undefined {
  const result: Record<string, Tree> = { ...destination }
  for (const [name, entry] of Object.entries(source)) {
    const there = destination[name]
    if (isLink(entry) && there !== undefined) return undefined
    if (typeof entry === 'string' && isFolder(there)) return undefined
    if (!isFolder(entry)) result[name] = entry
    else {
      if (typeof there === 'string') return undefined
      const below = merged(entry, isFolder(there) ? there : {})
      if (below === undefined) return undefined
      result[name] = below
    }
  }
  return result
}
