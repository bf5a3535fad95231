import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { makeFifo } from '../../test/support/fifo.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { harvest, plant, type Tree } from '../../test/support/tree.ts'
import { FileCalls } from '../libc/file-calls.ts'
import { openLibrary } from '../libc/library.ts'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { CachedFiles } from './cached-files.ts'
import type { GatewayError } from '../protocol/gateway-error.ts'
import { translated } from './errno.ts'
import { removeEntry } from './removal.ts'
import { everywhere } from './territory.ts'

// Most of what these tests make is not in the caches of the kernel, and is removed the long way as well.
const files = { territory: everywhere, cached: new CachedFiles(FileCalls.open(openLibrary()), new BufferPools([])) }

const remove = (
  path: string,
  options: { recursive?: boolean; force?: boolean; followSymlinks?: boolean; signal?: AbortSignal } = {},
) =>
  removeEntry(files, Buffer.from(path), {
    recursive: true,
    force: true,
    followSymlinks: true,
    signal: new AbortController().signal,
    ...options,
  })

describe('removing', () => {
  it('takes away a tree of all kinds of entries and follows no link', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'outside'), { kept: 'text' })
    plant(join(scratch.path, 'tree'), { a: { b: { c: 'text' } }, link: { link: '../outside' }, empty: {} })
    makeFifo(join(scratch.path, 'tree/fifo'))
    writeFileSync(Buffer.concat([Buffer.from(join(scratch.path, 'tree/')), Buffer.from([0xff, 0x0a])]), 'odd')
    await remove(join(scratch.path, 'tree'))
    expect(existsSync(join(scratch.path, 'tree'))).toBe(false)
    expect(harvest(join(scratch.path, 'outside'))).toEqual({ kept: 'text' })
  })

  it('stops between two directories when it must not go on', async () => {
    using scratch = new ScratchFolder()
    const tree = join(scratch.path, 'tree')
    plant(tree, Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`d${index}`, {}] as const)))
    const [giving, abandoned] = [new AbortController(), new Error('nobody waits any more')]
    const removing = remove(tree, { signal: giving.signal })
    await eventually(() => readdirSync(tree).length < 3000, 'the removal has begun')
    giving.abort(abandoned)
    await expect(removing).rejects.toBe(abandoned)
    expect(existsSync(tree)).toBe(true)
  })

  it('holds no more descriptors for a tree of a thousand levels', async () => {
    using scratch = new ScratchFolder()
    const levels = Array.from({ length: 1000 }, () => 'd').join('/')
    mkdirSync(join(scratch.path, 'tree', levels), { recursive: true })
    await remove(join(scratch.path, 'tree'))
    expect(existsSync(join(scratch.path, 'tree'))).toBe(false)
  })

  it('takes away a directory of more entries than it deals with at a time', async () => {
    using scratch = new ScratchFolder()
    mkdirSync(join(scratch.path, 'tree'))
    for (let index = 0; index < 9000; index++) writeFileSync(join(scratch.path, 'tree', String(index)), '')
    await remove(join(scratch.path, 'tree'))
    expect(existsSync(join(scratch.path, 'tree'))).toBe(false)
  })

  it('takes away a link instead of the directory it leads to', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'outside'), { kept: 'text' })
    symlinkSync('outside', join(scratch.path, 'link'))
    await remove(join(scratch.path, 'link'))
    expect(harvest(scratch.path)).toEqual({ outside: { kept: 'text' } })
  })

  it('tells of what the kernel knows not to be there, unless that counts as removed', async () => {
    using scratch = new ScratchFolder()
    const path = join(scratch.path, 'nothing')
    for (let times = 0; times < 3; times++) {
      await remove(path)
      await expect(remove(path, { force: false })).rejects.toThrow(/no such file/i)
    }
    expect(files.cached.facts(everywhere, Buffer.from(path), true)).toBe('missing')
  })

  it('needs an empty directory unless it is recursive', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), { file: 'text' })
    await expect(remove(join(scratch.path, 'tree'), { recursive: false })).rejects.toMatchObject({ code: 'ENOTEMPTY' })
    rmSync(join(scratch.path, 'tree/file'))
    await remove(join(scratch.path, 'tree'), { recursive: false })
    expect(harvest(scratch.path)).toEqual({})
  })

  it('minds what is not there unless forced, and what is in the way always', async () => {
    using scratch = new ScratchFolder()
    scratch.write('file', 'text')
    await remove(join(scratch.path, 'none'))
    await expect(remove(join(scratch.path, 'none'), { force: false })).rejects.toSatisfy(
      error => (translated(error) as GatewayError).kind === 'notFound',
    )
    await expect(remove(join(scratch.path, 'file/none'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  it('does not begin with the root', async () => {
    await expect(remove('/')).rejects.toThrow('Resource busy (os error 16)')
  })

  it('never leaves its tree, even while directories in it are swapped for links that lead out', async () => {
    using scratch = new ScratchFolder()
    const outside: Tree = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`kept${index}`, 'text']))
    plant(join(scratch.path, 'outside'), outside)
    for (let round = 0; round < 10; round++) {
      const tree = join(scratch.path, `tree${round}`)
      const branches = Array.from({ length: 30 }, (_, index) => [`b${index}`, { c: { d: 'text', e: 'text' } }] as const)
      plant(tree, Object.fromEntries(branches))
      const removal = remove(tree).catch(() => undefined)
      for (let swap = 29; swap >= 0; swap--) {
        const branch = join(tree, `b${swap}`)
        try {
          renameSync(branch, join(scratch.path, `moved${round}-${swap}`))
          symlinkSync(join(scratch.path, 'outside'), branch)
        } catch {
          // It is gone already.
        }
        await setImmediate()
      }
      await removal
      expect(harvest(join(scratch.path, 'outside'))).toEqual(outside)
    }
  })
})

describe('removing without following', () => {
  const strictly = { recursive: false, followSymlinks: false }

  it('takes away a file and an empty directory', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), { file: 'text', empty: {} })
    await remove(join(scratch.path, 'tree/file'), strictly)
    await remove(join(scratch.path, 'tree/empty'), strictly)
    await remove(join(scratch.path, 'tree/none'), strictly)
    await remove(join(scratch.path, 'none/none'), strictly)
    expect(harvest(scratch.path)).toEqual({ tree: {} })
  })

  it('refuses links wherever they are, the root, and trees', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), { file: 'text' })
    symlinkSync('tree', join(scratch.path, 'link'))
    await expect(remove(join(scratch.path, 'link'), strictly)).rejects.toThrow('path contains a symbolic link')
    await expect(remove(join(scratch.path, 'link/file'), strictly)).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(remove('/', strictly)).rejects.toThrow('path must name an entry')
    await expect(remove(join(scratch.path, 'tree'), { followSymlinks: false })).rejects.toThrow(
      'recursive no-follow removal is unsupported',
    )
    expect(lstatSync(join(scratch.path, 'link')).isSymbolicLink()).toBe(true)
    expect(harvest(join(scratch.path, 'tree'))).toEqual({ file: 'text' })
  })
})
