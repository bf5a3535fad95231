import { createServer } from 'node:net'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFifo } from '../../test/support/fifo.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { plant } from '../../test/support/tree.ts'
import { untypedMount } from '../../test/support/untyped-mount.ts'
import { FileCalls } from '../libc/file-calls.ts'
import { openLibrary } from '../libc/library.ts'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { eventually } from '../../test/support/eventually.ts'
import { CachedFiles } from './cached-files.ts'
import { listDirectory, namesIn } from './directory-listing.ts'
import { everywhere } from './territory.ts'

const ways = [
  ['at once', new CachedFiles(FileCalls.open(openLibrary()), new BufferPools([]))],
  ['a part at a time', new CachedFiles(undefined, new BufferPools([]))],
] as const

const list = async (cached: CachedFiles, path: string) => {
  const entries = await listDirectory({ territory: everywhere, cached }, Buffer.from(path))
  return Object.fromEntries(
    entries.map(({ name, isDirectory, isFile }) => [name, isDirectory ? 'directory' : isFile ? 'file' : 'other']),
  )
}

describe.each(ways)('a listing, %s,', (way, cached) => {
  it('tells what every entry is, or leads to, and leaves out what leads nowhere', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'tree'), {
      folder: {},
      file: 'text',
      'to file': { link: 'file' },
      'to folder': { link: 'folder' },
      'to nothing': { link: 'nothing' },
      'to itself': { link: 'to itself' },
    })
    makeFifo(join(scratch.path, 'tree/fifo'))
    writeFileSync(Buffer.concat([Buffer.from(join(scratch.path, 'tree/')), Buffer.from([0xff])]), '')
    await using server = createServer()
    server.listen(join(scratch.path, 'tree/socket'))
    await once(server, 'listening')
    if (way === 'at once') {
      const isSmall = () => cached.isSmallDirectory(everywhere, Buffer.from(join(scratch.path, 'tree')))
      await eventually(isSmall, 'the mount is known')
    }
    expect(await list(cached, join(scratch.path, 'tree'))).toEqual({
      folder: 'directory',
      file: 'file',
      'to file': 'file',
      'to folder': 'directory',
      fifo: 'other',
      socket: 'other',
      '\xff': 'file',
    })
  })

  it('looks at each entry where the file system does not tell what it is', async context => {
    using mount = untypedMount()
    if (mount === undefined) return context.skip('this user may not mount a file system')
    plant(join(mount.path, 'tree'), {
      folder: {},
      file: 'text',
      link: { link: 'folder' },
      nowhere: { link: 'nothing' },
    })
    writeFileSync(Buffer.concat([Buffer.from(join(mount.path, 'tree/')), Buffer.from([0xff])]), '')
    const path = Buffer.from(join(mount.path, 'tree'))
    if (way === 'at once') await eventually(() => cached.isSmallDirectory(everywhere, path), 'the mount is known')
    expect(await list(cached, join(mount.path, 'tree'))).toEqual({
      folder: 'directory',
      file: 'file',
      link: 'directory',
      '\xff': 'file',
    })
    await expect(namesIn(path, 4, way === 'at once')).rejects.toThrow('fs/readDirectory returned 5 entries; limit is 4')
  })

  it('is refused whole when there is too much of it, which is counted', async () => {
    using scratch = new ScratchFolder()
    mkdirSync(join(scratch.path, 'tree'))
    for (let index = 0; index < 7; index++) writeFileSync(join(scratch.path, 'tree', String(index)), '')
    const path = Buffer.from(join(scratch.path, 'tree'))
    expect(await namesIn(path, 7, way === 'at once')).toHaveLength(7)
    await expect(listDirectory({ territory: everywhere, cached }, path, 6)).rejects.toMatchObject({
      message: 'fs/readDirectory returned 7 entries; limit is 6',
      data: { limit: { name: 'maxDirectoryEntries', value: 6 } },
    })
  })
})
