import { spawnSync } from 'node:child_process'
import fs, { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { leaveDeadChild } from '../../../test/support/dead-child.ts'
import { failureOf } from '../../../test/support/failure-of.ts'
import { openFilesBelow } from '../../../test/support/open-files-below.ts'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { TransferJournal } from './transfer-journal.ts'

/** @param lock what another run has left */
function stage(lock?: string) {
  const folder = new ScratchFolder()
  const path = join(folder.path, 'state', 'journal')
  if (lock !== undefined) folder.write('state/journal.lock', lock)
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

const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

/** No file takes anything by that method until it is disposed. */
async function fillDisk(method: 'writeFile' | 'appendFile'): Promise<Disposable> {
  await using file = await open('/dev/null')
  return vi.spyOn(Object.getPrototypeOf(file) as typeof file, method).mockRejectedValue(full)
}

it('leaves no lock that cannot be written', async () => {
  using place = stage()
  {
    using _full = await fillDisk('writeFile')
    expect(await failureOf(place.open())).toBe(full)
  }
  expect(existsSync(`${place.path}.lock`)).toBe(false)
  await using _journal = await place.open()
})

it('is not left open when nothing can be written to it', async () => {
  using place = stage()
  using _full = await fillDisk('appendFile')
  expect(await failureOf(place.open())).toBe(full)
  expect(openFilesBelow(dirname(place.path))).toEqual([])
  expect(existsSync(`${place.path}.lock`)).toBe(false)
})

describe('a journal that another run has', () => {
  it('is refused while it does', async () => {
    using place = stage()
    {
      await using _first = await place.open()
      const message = `another run of this transfer is under way with the journal ${place.path}, process ${process.pid}`
      expect(await failureOf(place.open())).toMatchObject({ kind: 'refused', message })
      expect(await failureOf(place.open())).toMatchObject({ kind: 'refused', message })
    }
    await using _second = await place.open()
  })

  const start = (pid: number | string) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ').at(21)

  it.each([
    ['has ended', () => `${spawnSync('true').pid} 1\n`],
    ['has ended, and another has its number', () => `${process.ppid} 1\n`],
  ])('is taken up when that %s', async (_, lock) => {
    using place = stage(lock())
    {
      await using _journal = await place.open()
      expect(readFileSync(`${place.path}.lock`, 'utf8')).toBe(`${process.pid} ${start('self')}\n`)
    }
    expect(existsSync(`${place.path}.lock`)).toBe(false)
  })

  it('is taken up when that has ended and nobody has waited for it', async () => {
    using dead = await leaveDeadChild()
    using place = stage(`${dead.pid} ${start(dead.pid)}\n`)
    await using _journal = await place.open()
    expect(readFileSync(`${place.path}.lock`, 'utf8')).toBe(`${process.pid} ${start('self')}\n`)
  })

  it('is refused while that runs elsewhere', async () => {
    using place = stage(`${process.ppid} ${start(process.ppid)}\n`)
    expect(await failureOf(place.open())).toMatchObject({ message: expect.stringMatching(`process ${process.ppid}$`) })
    expect(existsSync(place.path)).toBe(false)
  })

  it.each(['', '1', '1 1', '1 x\n', 'anything\n'])('is refused while it cannot be told whose it is: %j', async lock => {
    using place = stage(lock)
    expect(await failureOf(place.open())).toMatchObject({
      message: expect.stringMatching(`: remove ${place.path}.lock if that is not so$`),
    })
    expect(existsSync(place.path)).toBe(false)
  })

  describe('where the system does not tell when programs began', () => {
    beforeEach(() => {
      const { readFileSync: read } = fs
      vi.spyOn(fs, 'readFileSync').mockImplementation((path, ...rest) => {
        if (String(path).startsWith('/proc/')) throw new Error('there is no /proc')
        return read(path, ...rest)
      })
      syncBuiltinESMExports()
    })
    afterEach(() => {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    })

    it('is refused while there is a program of that number', async () => {
      using place = stage(`${process.ppid} -\n`)
      expect(await failureOf(place.open())).toMatchObject({
        message: expect.stringMatching(`, process ${process.ppid}$`),
      })
    })

    it('is taken up when there is none', async () => {
      using place = stage(`${spawnSync('true').pid} 1\n`)
      await using _journal = await place.open()
      expect(readFileSync(`${place.path}.lock`, 'utf8')).toBe(`${process.pid} -\n`)
    })
  })
})
