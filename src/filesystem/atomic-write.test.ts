import { chmodSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFifo } from '../../test/support/fifo.ts'
import { asOrdinaryUser } from '../../test/support/ordinary-user.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { writeAtomically } from './atomic-write.ts'
import { placeOf } from './place.ts'

async function write(path: string, text: string, followSymlinks = true): Promise<void> {
  await using place = await placeOf(Buffer.from(path), followSymlinks)
  await writeAtomically(place, Buffer.from(text))
}

describe('an atomic write', () => {
  it('puts another file of the same permissions in the place of one', async () => {
    using scratch = new ScratchFolder()
    const file = scratch.write('file', 'old', 0o640)
    linkSync(file, join(scratch.path, 'other'))
    await write(file, 'new')
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).mode & 0o7777).toBe(0o640)
    expect(readFileSync(join(scratch.path, 'other'), 'utf8')).toBe('old')
    expect(readdirSync(scratch.path)).toHaveLength(2)
  })

  it('makes a file where there is none', async () => {
    using scratch = new ScratchFolder()
    await write(join(scratch.path, 'file'), 'new', false)
    expect(readFileSync(join(scratch.path, 'file'), 'utf8')).toBe('new')
    await expect(write(join(scratch.path, 'none/file'), 'new')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('leaves a link as it is and replaces what it leads to', async () => {
    using scratch = new ScratchFolder()
    scratch.write('folder/file', 'old')
    symlinkSync('folder/file', join(scratch.path, 'link'))
    await write(join(scratch.path, 'link'), 'new')
    expect(lstatSync(join(scratch.path, 'link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(scratch.path, 'folder/file'), 'utf8')).toBe('new')
    await expect(write(join(scratch.path, 'link'), 'x', false)).rejects.toThrow('Symbolic link loop (os error 40)')
  })

  it('replaces nothing but files, and leaves nothing behind', async () => {
    using scratch = new ScratchFolder()
    mkdirSync(join(scratch.path, 'folder'))
    makeFifo(join(scratch.path, 'fifo'))
    symlinkSync('none', join(scratch.path, 'dangling'))
    await expect(write(join(scratch.path, 'folder'), 'x')).rejects.toThrow('Is a directory (os error 21)')
    await expect(write(join(scratch.path, 'fifo'), 'x')).rejects.toThrow('is not a file')
    await expect(write(join(scratch.path, 'dangling'), 'x')).rejects.toThrow('a link that leads nowhere')
    expect(readdirSync(scratch.path).toSorted()).toEqual(['dangling', 'fifo', 'folder'])
  })

  it('is done in a directory that may not be read too', async () => {
    using _user = asOrdinaryUser()
    using scratch = new ScratchFolder()
    const file = scratch.write('folder/file', 'old')
    chmodSync(join(scratch.path, 'folder'), 0o300)
    using _restored = { [Symbol.dispose]: () => chmodSync(join(scratch.path, 'folder'), 0o700) }
    await write(file, 'new')
    await write(join(scratch.path, 'folder/other'), 'new', false)
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(readFileSync(join(scratch.path, 'folder/other'), 'utf8')).toBe('new')
  })

  it('shows readers all of the old or all of the new', async () => {
    using scratch = new ScratchFolder()
    const texts = ['a'.repeat(100_000), 'b'.repeat(200_000)]
    const file = scratch.write('file', texts[0] ?? '')
    for (let round = 0; round < 20; round++) {
      let isDone = false
      const writing = write(file, texts[(round + 1) % 2] ?? '').then(() => (isDone = true))
      while (!isDone) {
        expect(texts.includes(readFileSync(file, 'utf8'))).toBe(true)
        await new Promise(setImmediate)
      }
      await writing
    }
  })
})
