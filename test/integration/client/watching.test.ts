import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ExecClient, type TreeChange, type TreeWatch } from '../../../src/client/execgate-client.ts'
import { CuttingProxy } from '../../support/cutting-proxy.ts'
import { eventually } from '../../support/eventually.ts'
import { failureOf } from '../../support/failure-of.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'
import { ScratchFolder } from '../../support/scratch-folder.ts'
import { startGateway } from '../../support/start-gateway.ts'

async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const folder = acquired.use(new ScratchFolder())
  const { gateway, url } = acquired.use(await startGateway())
  const proxy = acquired.use(await CuttingProxy.open(url))
  const client = acquired.use(await ExecClient.connect(proxy.url, { retryMs: 10 }))
  mkdirSync(join(folder.path, 'tree/a'), { recursive: true })
  const owned = acquired.move()
  return {
    client,
    proxy,
    at: (name: string) => join(folder.path, name),
    uri: (name: string) => `${folder.uri}/${name}`,
    /** Resolves when the gateway watches so many trees. */
    watches: (count: number) =>
      eventually(() => gateway.ledger.active('file_watch') === count, `${count} trees are watched`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A client of a scripted server that announces these additions. */
async function openScripted(extensions: string[]) {
  await using acquired = new AsyncDisposableStack()
  const server = acquired.use(await ScriptedServer.open())
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  await connection.greets('session-1', { environmentInfo: { shell: { name: 'sh', path: '/bin/sh' }, extensions } })
  const client = await connecting
  acquired.defer(() => client.detach())
  const owned = acquired.move()
  return { server, client, connection, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** The next change, without ending the watch. */
async function next(watch: TreeWatch): Promise<TreeChange> {
  const { value, done } = await watch[Symbol.asyncIterator]().next()
  if (done === true) throw new Error('the watch has ended')
  return value
}

it('tells of changes below a directory until the loop is left', async () => {
  await using stage = await openStage()
  const watch = await stage.client.files.watch(stage.at('tree'))
  writeFileSync(stage.at('tree/a/file'), 'text')
  for await (const change of watch) {
    expect(change).toEqual({ paths: [stage.uri('tree/a/file')], overflow: false })
    break
  }
  await stage.watches(0)
  expect(await Array.fromAsync(watch)).toEqual([])
})

it('keeps what changes while nobody reads', async () => {
  await using stage = await openStage()
  using watch = await stage.client.files.watch(stage.at('tree'))
  using second = await stage.client.files.watch(stage.at('tree'))
  const unseen = new Set([stage.uri('tree/one'), stage.uri('tree/two')])
  for (const name of ['one', 'two']) {
    writeFileSync(stage.at(`tree/${name}`), 'text')
    // Told to both.
    await next(second)
  }
  while (unseen.size > 0) for (const path of (await next(watch)).paths) expect(unseen.delete(path)).toBe(true)
})

it('watches again after an outage, and says that changes may have been missed', async () => {
  await using stage = await openStage()
  using watch = await stage.client.files.watch(stage.at('tree'))
  for (const round of [1, 2]) {
    await stage.proxy.goDown()
    writeFileSync(stage.at(`tree/missed${round}`), '')
    stage.proxy.comeUp()
    expect(await next(watch)).toEqual({ paths: [], overflow: true })
    writeFileSync(stage.at(`tree/a/seen${round}`), '')
    expect(await next(watch)).toEqual({ paths: [stage.uri(`tree/a/seen${round}`)], overflow: false })
    await stage.watches(1)
  }
})

it('fails with what the server says when the directory is gone after an outage', async () => {
  await using stage = await openStage()
  using watch = await stage.client.files.watch(stage.at('tree'))
  await stage.proxy.goDown()
  renameSync(stage.at('tree'), stage.at('moved'))
  stage.proxy.comeUp()
  await expect(next(watch)).rejects.toMatchObject({ kind: 'notFound' })
})

it('ends with its guard, an abort and the client', async () => {
  await using stage = await openStage()
  const { files } = stage.client
  const abort = new AbortController()
  const guarded = await files.watch(stage.at('tree'))
  const aborted = await files.watch(stage.at('tree'), { signal: abort.signal })
  const last = await files.watch(stage.at('tree'))
  const ends = [Array.fromAsync(guarded), failureOf(Array.fromAsync(aborted)), failureOf(Array.fromAsync(last))]
  await stage.watches(3)
  guarded[Symbol.dispose]()
  expect(await ends[0]).toEqual([])
  await stage.watches(2)
  abort.abort(new Error('enough'))
  expect(await ends[1]).toBe(abort.signal.reason)
  await stage.watches(1)
  await stage.client.detach()
  expect(await ends[2]).toMatchObject({ kind: 'sessionLost' })
  await expect(files.watch(stage.at('tree'), { signal: abort.signal })).rejects.toBe(abort.signal.reason)
})

it('ends a watch that comes about after the abort', async () => {
  await using stage = await openScripted(['treeWatches'])
  const { client, connection } = stage
  const abort = new AbortController()
  const watching = failureOf(client.files.watch('/tree', { signal: abort.signal }))
  const asked = await connection.takes('fs/watch')
  abort.abort(new Error('enough'))
  expect(await watching).toBe(abort.signal.reason)
  connection.replies(asked, {})
  const ended = await connection.takes('fs/unwatch')
  expect(ended.params).toEqual({ watchId: asked.params.watchId as string })
  connection.replies(ended, {})
})

it('asks again on the next connection when one breaks under the request', async () => {
  await using stage = await openScripted(['treeWatches'])
  const { client, connection } = stage
  const opening = client.files.watch('/tree')
  const first = await connection.takes('fs/watch')
  await connection.drops()
  const second = await stage.server.connection()
  await second.greets()
  const again = await second.takes('fs/watch')
  expect(again.params).not.toEqual(first.params)
  second.replies(again, {})
  using watch = await opening
  const { watchId } = again.params as { watchId: string }
  second.says({ method: 'fs/changed', params: { watchId, paths: ['file:///tree/x'], overflow: false } })
  expect(await next(watch)).toEqual({ paths: ['file:///tree/x'], overflow: false })
})

it('sends nothing to a server that does not announce it', async () => {
  await using stage = await openScripted(['atomicWrites'])
  const { client, connection } = stage
  const watching = failureOf(client.files.watch('/tree'))
  expect(await watching).toMatchObject({
    kind: 'unsupported',
    message: 'this server cannot watch directories: it does not announce `treeWatches`',
  })
  expect(connection.count('fs/watch')).toBe(0)
})
