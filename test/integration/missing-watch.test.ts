import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { loseEvents } from '../support/lose-events.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const fixture = acquired.use(await startGateway())
  const scratch = acquired.use(new ScratchFolder())
  const peer = await fixture.connect()
  mkdirSync(join(scratch.path, 'a/b'), { recursive: true })
  writeFileSync(join(scratch.path, 'file'), 'text')
  const owned = acquired.move()
  const uri = (name: string) => `${scratch.uri}/${name}`
  return {
    fixture,
    peer,
    uri,
    path: (name: string) => join(scratch.path, name),
    watch: async (watchId: number, missing: string[], present?: string) => {
      const params = { watchId, missing: missing.map(uri), present: present === undefined ? null : uri(present) }
      return (await peer.call('fs/watchMissing', params)).watching
    },
    changed: (watchId: number) =>
      peer.until(({ method, params }) => method === 'fs/missingChanged' && params.watchId === watchId),
    changes: () => peer.received.filter(({ method }) => method === 'fs/missingChanged').map(({ params }) => params),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

type Path = (name: string) => string

describe('a watch for missing paths tells when', () => {
  it.each<[string, string, string | undefined, (path: Path) => void]>([
    ['a path appears', 'a/x', undefined, path => writeFileSync(path('a/x'), '')],
    ['a link that leads nowhere appears', 'a/x', undefined, path => symlinkSync('none', path('a/x'))],
    ['the first missing directory appears', 'a/x/y/z', undefined, path => mkdirSync(path('a/x'))],
    [
      'the kernel may have lost that',
      'a/x',
      undefined,
      path => {
        loseEvents(path('a'))
        writeFileSync(path('a/x'), '')
      },
    ],
    [
      'a path appears and goes',
      'a/x',
      undefined,
      path => {
        writeFileSync(path('a/x'), '')
        rmSync(path('a/x'))
      },
    ],
    ['the directory it would be in goes', 'a/b/x', undefined, path => rmdirSync(path('a/b'))],
    [
      'a directory above is renamed, even back again',
      'a/b/x',
      undefined,
      path => {
        renameSync(path('a'), path('c'))
        renameSync(path('c'), path('a'))
      },
    ],
    ['what is present is modified', 'a/x', 'file', path => appendFileSync(path('file'), 'more')],
    ['what is present goes', 'a/x', 'file', path => rmSync(path('file'))],
    ['permissions of what is present change', 'a/x', 'file', path => chmodSync(path('file'), 0o600)],
    [
      'what is present is replaced',
      'a/x',
      'file',
      path => {
        writeFileSync(path('new'), 'text')
        renameSync(path('new'), path('file'))
      },
    ],
    ['a directory that is present is renamed', 'x', 'a/b', path => renameSync(path('a/b'), path('a/c'))],
  ])('%s', async (_what, missing, present, change) => {
    await using stage = await openStage()
    expect(await stage.watch(1, [missing], present)).toBe(true)
    change(stage.path)
    await stage.changed(1)
    expect(stage.fixture.gateway.ledger.active('file_watch')).toBe(0)
    // It is over: nothing more comes of it.
    expect(await stage.watch(2, ['none'])).toBe(true)
    writeFileSync(stage.path('none'), '')
    await stage.changed(2)
    expect(stage.changes()).toEqual([{ watchId: 1 }, { watchId: 2 }])
  })
})

it('says nothing of what does not matter', async () => {
  await using stage = await openStage()
  expect(await stage.watch(1, ['a/b/x'], 'a')).toBe(true)
  writeFileSync(stage.path('a/other'), '')
  mkdirSync(stage.path('a/b/b'))
  readFileSync(stage.path('file'))
  linkSync(stage.path('file'), stage.path('linked'))
  writeFileSync(stage.path('a/b/x'), '')
  await stage.changed(1)
  expect(stage.changes()).toEqual([{ watchId: 1 }])
})

it('takes another name for a file that is present, or a look at it, for no change', async () => {
  await using stage = await openStage()
  expect(await stage.watch(1, ['a/x'], 'file')).toBe(true)
  linkSync(stage.path('file'), stage.path('linked'))
  readFileSync(stage.path('file'))
  // Later than whatever was told of the link.
  expect(await stage.watch(2, ['a/x'], 'file')).toBe(true)
  writeFileSync(stage.path('a/x'), '')
  await stage.changed(2)
  expect(stage.changes()).toEqual([{ watchId: 2 }])
})

it('watches nothing that exists, that leads through a file or link, or that cannot be watched', async () => {
  await using stage = await openStage()
  symlinkSync('a', stage.path('alias'))
  symlinkSync('none', stage.path('dangling'))
  let id = 1
  const refused: [string[], string?][] = [
    [[]],
    [['x', 'file']],
    [['dangling']],
    [['file/x']],
    [['alias/x']],
    [['dangling/x']],
    [['x'], 'none'],
    [['x'], 'alias'],
    [['x'], 'alias/b'],
    [Array.from({ length: 65 }, (_, index) => `x${index}`)],
    [Array.from({ length: 64 }, (_, index) => `x${index}/y`)],
  ]
  for (const [missing, present] of refused) {
    expect(await stage.watch(id++, missing, present), missing.join(' ')).toBe(false)
  }
  const elsewhere = async (path: string) =>
    (await stage.peer.call('fs/watchMissing', { watchId: id++, missing: [path] })).watching
  expect(await elsewhere('file:///proc/nothing')).toBe(false)
  expect(await elsewhere('file:///C:/x')).toBe(false)
  expect(await elsewhere('file:///')).toBe(false)
  expect(
    await stage.watch(
      id++,
      Array.from({ length: 64 }, (_, index) => `x${index}`),
    ),
  ).toBe(true)
  expect(stage.fixture.gateway.ledger.active('file_watch')).toBe(1)
})

it('has one watch for each connection, the newest, with ids that only grow', async () => {
  await using stage = await openStage()
  expect(await stage.watch(0, ['x'])).toBe(false)
  expect(await stage.watch(5, ['x'])).toBe(true)
  expect(await stage.watch(5, ['y'])).toBe(false)
  expect(await stage.watch(4, ['y'])).toBe(false)
  expect(stage.fixture.gateway.ledger.active('file_watch')).toBe(1)
  expect(await stage.watch(7, [])).toBe(false)
  expect(stage.fixture.gateway.ledger.active('file_watch')).toBe(0)
  const both = await Promise.all([stage.watch(8, ['x']), stage.watch(9, ['x'])])
  expect(both).toEqual([false, true])
  writeFileSync(stage.path('x'), '')
  await stage.changed(9)
  expect(stage.changes()).toEqual([{ watchId: 9 }])
})

it('gives back the id to the last digit', async () => {
  await using stage = await openStage()
  const id = '18446744073709551615'
  stage.peer.send(`{"id":99,"method":"fs/watchMissing","params":{"watchId":${id},"missing":["${stage.uri('x')}"]}}`)
  const reply = await stage.peer.until(message => message.id === 99)
  expect(reply.result).toEqual({ watching: true })
  const told = once(stage.peer.socket, 'message')
  writeFileSync(stage.path('x'), '')
  expect(String((await told)[0])).toBe(`{"method":"fs/missingChanged","params":{"watchId":${id}}}`)
})

it('ends with its connection and does not survive a resume', async () => {
  await using stage = await openStage()
  expect(await stage.watch(1, ['x'])).toBe(true)
  await stage.peer.cut()
  await eventually(() => stage.fixture.gateway.ledger.active('file_watch') === 0, 'the watch is over')
  const again = await stage.fixture.connect(stage.peer.sessionId)
  expect(await again.call('fs/watchMissing', { watchId: 1, missing: [stage.uri('x')] })).toEqual({ watching: true })
})
