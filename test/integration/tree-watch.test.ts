import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { loseEvents } from '../support/lose-events.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'
import { plant } from '../support/tree.ts'

async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const fixture = acquired.use(await startGateway())
  const scratch = acquired.use(new ScratchFolder())
  const peer = await fixture.connect()
  plant(join(scratch.path, 'tree'), { a: { b: { file: 'text' } }, c: {} })
  plant(join(scratch.path, 'outside'), {})
  const owned = acquired.move()
  const uri = (name: string) => `${scratch.uri}/${name}`
  const changes = () => peer.received.filter(({ method }) => method === 'fs/changed').map(({ params }) => params)
  return {
    fixture,
    peer,
    uri,
    path: (name: string) => join(scratch.path, name),
    watch: (watchId = 'w', name = 'tree') => peer.call('fs/watch', { watchId, path: uri(name) }),
    changed: (name: string) =>
      peer.until(({ method, params }) => method === 'fs/changed' && params.paths.includes(uri(name))),
    lost: () => peer.until(({ method, params }) => method === 'fs/changed' && params.overflow === true),
    changes,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

it('tells of what changes anywhere below, in directories that appear later too', async () => {
  await using stage = await openStage()
  await stage.watch()
  writeFileSync(stage.path('tree/a/b/file'), 'more')
  await stage.changed('tree/a/b/file')
  mkdirSync(stage.path('tree/c/d/e'), { recursive: true })
  writeFileSync(stage.path('tree/c/d/e/early'), '')
  await stage.changed('tree/c/d/e/early')
  writeFileSync(stage.path('tree/c/d/e/late'), '')
  await stage.changed('tree/c/d/e/late')
  renameSync(stage.path('tree/c/d'), stage.path('tree/moved'))
  await stage.changed('tree/moved')
  writeFileSync(stage.path('tree/moved/e/after'), '')
  await stage.changed('tree/moved/e/after')
  rmSync(stage.path('tree'), { recursive: true })
  await stage.changed('tree')
  expect(stage.changes().every(({ overflow }) => overflow === false)).toBe(true)
})

it('tells of the directory itself by its name, also where somebody watches it for missing paths', async () => {
  await using stage = await openStage()
  await stage.peer.call('fs/watchMissing', { watchId: 1, missing: [stage.uri('tree/none')], present: null })
  await stage.watch()
  chmodSync(stage.path('tree'), 0o700)
  await stage.changed('tree')
  expect(stage.changes().flatMap(({ paths }) => paths)).not.toContain(stage.uri('tree/tree'))
})

it('says so when the kernel has lost events, and watches what appeared meanwhile', async () => {
  await using stage = await openStage()
  await stage.watch()
  loseEvents(stage.path('tree/a'))
  mkdirSync(stage.path('tree/c/unseen/deep'), { recursive: true })
  expect((await stage.lost()).params.paths).toEqual([])
  await eventually(() => {
    writeFileSync(stage.path('tree/c/unseen/deep/file'), '')
    return stage.changes().some(({ paths }) => (paths as string[]).includes(stage.uri('tree/c/unseen/deep/file')))
  }, 'what appeared is watched')
})

it('goes on with what takes the place of the directory itself, at once or later', async () => {
  await using stage = await openStage()
  await stage.watch()
  renameSync(stage.path('tree'), stage.path('former'))
  mkdirSync(stage.path('tree/new'), { recursive: true })
  await stage.changed('tree/new')
  writeFileSync(stage.path('tree/new/file'), '')
  await stage.changed('tree/new/file')
  writeFileSync(stage.path('former/a/unseen'), '')
  const heard = stage.changes().length
  rmSync(stage.path('tree'), { recursive: true })
  const later = () => stage.changes().slice(heard)
  await eventually(() => later().some(({ paths }) => (paths as string[]).includes(stage.uri('tree'))), 'it is gone')
  mkdirSync(stage.path('tree/again'), { recursive: true })
  await stage.changed('tree/again')
  expect(stage.changes().flatMap(({ paths }) => paths)).not.toContain(stage.uri('tree/a/unseen'))
})

it('looks at nothing outside', async () => {
  await using stage = await openStage()
  symlinkSync('../outside', stage.path('tree/link'))
  await stage.watch()
  writeFileSync(stage.path('outside/file'), '')
  writeFileSync(stage.path('tree/a/last'), '')
  await stage.changed('tree/a/last')
  expect(stage.changes().flatMap(({ paths }) => paths as string[])).toEqual([stage.uri('tree/a/last')])
})

it('tells a path once, however often it changes at a time', async () => {
  await using stage = await openStage()
  await stage.watch()
  for (let round = 0; round < 100; round++) writeFileSync(stage.path('tree/a/file'), String(round))
  await stage.changed('tree/a/file')
  expect(stage.changes()).toHaveLength(1)
})

it('says when it has lost count, in notifications no client minds', async () => {
  await using stage = await openStage()
  await stage.watch()
  for (let index = 0; index < 900; index++) writeFileSync(stage.path(`tree/a/${'x'.repeat(100)}${index}`), '')
  await stage.changed(`tree/a/${'x'.repeat(100)}899`)
  for (const message of stage.peer.received) expect(JSON.stringify(message).length).toBeLessThan(8192)
  for (let index = 0; index < 1100; index++) writeFileSync(stage.path(`tree/c/${index}`), '')
  const lost = await stage.peer.until(({ method, params }) => method === 'fs/changed' && params.overflow === true)
  expect(lost.params).toEqual({ watchId: 'w', paths: [], overflow: true })
})

it('refuses what is no directory, an id that is taken or too long, and a ninth tree', async () => {
  await using stage = await openStage()
  const refusal = async (watchId: string, name: string) =>
    (await stage.peer.request('fs/watch', { watchId, path: stage.uri(name) })).error
  expect(await refusal('w', 'none')).toMatchObject({ code: -32004 })
  expect(await refusal('w', 'tree/a/b/file')).toMatchObject({ code: -32603, message: 'Not a directory (os error 20)' })
  expect(await refusal('x'.repeat(33), 'tree')).toMatchObject({ code: -32600 })
  for (let index = 0; index < 8; index++) await stage.watch(`w${index}`)
  expect(await refusal('w1', 'tree')).toMatchObject({ code: -32600, message: 'watch `w1` already exists' })
  expect(await refusal('more', 'tree')).toMatchObject({ code: -32603, data: { limit: { name: 'maxTreeWatches' } } })
  await stage.peer.call('fs/unwatch', { watchId: 'w1' })
  await stage.peer.call('fs/unwatch', { watchId: 'w1' })
  await stage.watch('more')
  expect(stage.fixture.gateway.ledger.active('file_watch')).toBe(8)
  await stage.peer.cut()
  await eventually(() => stage.fixture.gateway.ledger.active('file_watch') === 0, 'no tree is watched')
})
