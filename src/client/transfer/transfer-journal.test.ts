import { appendFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { failureOf } from '../../../test/support/failure-of.ts'
import { openFilesBelow } from '../../../test/support/open-files-below.ts'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { TransferJournal } from './transfer-journal.ts'

function stage() {
  const folder = new ScratchFolder()
  const path = join(folder.path, 'state', 'journal')
  return {
    path,
    open: (transfer = 'a to b') => TransferJournal.open(path, transfer),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

it('tells the next run of the same transfer what was done', async () => {
  using place = stage()
  {
    await using journal = await place.open()
    await journal.announce('t', 'old', 'part-1')
    await journal.announce('t', 'new', 'part-2')
    await journal.announce('t', 'new', 'part-3')
    await journal.finish('u', 'new', 'r')
  }
  expect(statSync(place.path).mode & 0o777).toBe(0o600)
  await using journal = await place.open()
  expect(journal.partialsOf('t', 'new')).toEqual(['part-3', 'part-2'])
  expect(journal.outdatedOf('t', 'new')).toEqual(['part-1'])
  expect([journal.resultOf('u', 'new'), journal.resultOf('u', 'old'), journal.resultOf('t', 'new')]).toEqual([
    'r',
    undefined,
    undefined,
  ])
})

it('forgets the parts of what is finished', async () => {
  using place = stage()
  await using journal = await place.open()
  await journal.announce('t', 'new', 'part')
  await journal.finish('t', 'new', 'r')
  expect(journal.partialsOf('t', 'new')).toEqual([])
})

it('begins anew for another transfer, and after one that is complete', async () => {
  using place = stage()
  {
    await using journal = await place.open()
    await journal.finish('u', 'new', 'r')
  }
  {
    await using journal = await place.open('a to c')
    expect(journal.resultOf('u', 'new')).toBeUndefined()
    await journal.finish('u', 'new', 'r')
    await journal.remove()
  }
  expect(existsSync(place.path)).toBe(false)
})

it('passes over a line that was torn, and what is no journal', async () => {
  using place = stage()
  {
    await using journal = await place.open()
    await journal.finish('u', 'new', 'r')
  }
  appendFileSync(place.path, '{"target":"t","sou')
  {
    await using journal = await place.open()
    await journal.finish('v', 'new', 's')
  }
  {
    await using journal = await place.open()
    expect([journal.resultOf('u', 'new'), journal.resultOf('v', 'new')]).toEqual(['r', 's'])
  }
  writeFileSync(place.path, 'anything')
  await using journal = await place.open()
  expect(journal.resultOf('u', 'new')).toBeUndefined()
})

it('is not left open when nothing can be written to it', async () => {
  using place = stage()
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  await using file = await open('/dev/null')
  using _append = vi.spyOn(Object.getPrototypeOf(file) as typeof file, 'appendFile').mockRejectedValue(full)
  expect(await failureOf(place.open())).toBe(full)
  expect(openFilesBelow(dirname(place.path))).toEqual([])
})
