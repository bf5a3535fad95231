import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { plant } from '../../test/support/tree.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { PathUri } from '../protocol/path-uri.ts'
import { ChangedPaths } from './changed-paths.ts'
import { EventBursts } from './event-bursts.ts'
import { everywhere } from './territory.ts'
import { TreeWatch } from './tree-watch.ts'

function stage(maxDirectories: number) {
  const scratch = new ScratchFolder()
  const ledger = new Ledger()
  const told: string[] = []
  const changes = new ChangedPaths({
    timers: new Timers(ledger),
    untilRoom: async () => {},
    tell: ({ paths, overflow }) => told.push(...(overflow ? ['overflow'] : paths)),
  })
  const start = () => {
    const path = Buffer.from(join(scratch.path, 'tree'))
    const root = { path, uri: PathUri.fromNative(path) }
    const guard = ledger.take('file_watch')
    return TreeWatch.start(root, { territory: everywhere, bursts: new EventBursts(), changes, guard, maxDirectories })
  }
  return { scratch, ledger, told, start, path: (name: string) => join(scratch.path, name) }
}

it('refuses a tree of too many directories, and holds nothing of it', async () => {
  const { scratch, ledger, start, path } = stage(3)
  using _scratch = scratch
  plant(path('tree'), { a: { b: {} }, c: {} })
  await expect(start()).rejects.toMatchObject({ data: { limit: { name: 'maxTreeDirectories', value: 3 } } })
  expect(ledger.outstanding()).toEqual({})
})

it('tells of an overflow when too many directories appear later', async () => {
  const { scratch, ledger, told, start, path } = stage(3)
  using _scratch = scratch
  plant(path('tree'), { a: {}, b: {} })
  {
    using _tree = await start()
    mkdirSync(path('tree/c'))
    await eventually(() => told.includes('overflow'), 'the overflow is told')
  }
  expect(ledger.outstanding()).toEqual({})
})

it('does not enter a link that takes the place of a directory', async () => {
  const { scratch, told, start, path } = stage(10)
  using _scratch = scratch
  plant(path('tree'), { a: {} })
  plant(path('outside'), { secret: 'text' })
  using _tree = await start()
  renameSync(path('tree/a'), path('moved'))
  symlinkSync('../outside', path('tree/a'))
  writeFileSync(path('moved/unseen'), '')
  writeFileSync(path('outside/secret'), 'changed')
  writeFileSync(path('tree/last'), '')
  const last = PathUri.fromNative(path('tree/last')).canonical
  await eventually(() => told.includes(last), 'the last change is told')
  expect(told.filter(uri => uri.includes('secret'))).toEqual([])
})
