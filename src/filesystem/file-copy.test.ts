import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../test/support/failure-of.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { copyFile } from './file-copy.ts'
import { placeOf } from './place.ts'

const mebibyte = 1024 * 1024
const full = new Error('the disk is full')

/** Fails the copy after so many steps, as whatever else may go wrong in its middle. */
function failingAfter(steps: number): AbortSignal {
  let left = steps + 1
  return Object.assign(new AbortController().signal, {
    throwIfAborted: () => {
      if (left === 0) throw full
      left -= 1
    },
  })
}

async function copy(source: string, destination: string, signal = new AbortController().signal): Promise<void> {
  await using place = await placeOf(Buffer.from(destination), true)
  await copyFile(Buffer.from(source), place, signal)
}

describe('a file that is copied over another', () => {
  const sizes = [0, 1, mebibyte, 2.5 * mebibyte, 4 * mebibyte]
  it.each(sizes.flatMap(from => sizes.map(to => [from, to] as const)))('%i bytes over %i', async (newSize, oldSize) => {
    using scratch = new ScratchFolder()
    const contents = Buffer.alloc(newSize, 'new contents. ')
    const [source, target] = [join(scratch.path, 'source'), join(scratch.path, 'target')]
    writeFileSync(source, contents)
    writeFileSync(target, Buffer.alloc(oldSize, 'o'))
    await copy(source, target)
    expect(readFileSync(target).equals(contents)).toBe(true)
  })

  it('leaves the old contents whole while it fails to make the file longer, and a beginning of the new ones later', async () => {
    using scratch = new ScratchFolder()
    const [older, newer] = [Buffer.alloc(2.5 * mebibyte, 'old'), Buffer.alloc(4.5 * mebibyte, 'new')]
    const source = scratch.write('source', '', 0o664)
    writeFileSync(source, newer)
    const kept: string[] = []
    for (let steps = 0; steps < 6; steps++) {
      const target = scratch.write(`target${steps}`, '', 0o640)
      writeFileSync(target, older)
      expect(await failureOf(copy(source, target, failingAfter(steps)))).toBe(full)
      const found = readFileSync(target)
      const isOld = found.equals(older)
      const isBeginning = newer.subarray(0, found.length).equals(found)
      kept.push(
        isOld ? `old ${modeOf(target)}` : isBeginning ? `${found.length / mebibyte} new ${modeOf(target)}` : 'both',
      )
    }
    expect(kept).toEqual(['old 640', 'old 640', 'old 640', '0 new 640', '1 new 640', '2 new 640'])
  })

  it.each([
    [0o600, 0o644],
    [0o644, 0o600],
    [0o640, 0o604],
  ])('is for those alone who may read both, and of the new mode at the end: %i, then %i', async (before, after) => {
    using scratch = new ScratchFolder()
    const source = scratch.write('source', 'new', after)
    const target = scratch.write('target', 'old', before)
    const during = new Set<number>()
    const watching = Object.assign(new AbortController().signal, {
      throwIfAborted: () => during.add(statSync(target).mode & 0o7777),
    })
    await copy(source, target, watching)
    expect([...during]).toEqual([...new Set([before, before & after])])
    expect(statSync(target).mode & 0o7777).toBe(after)
  })
})

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8)
