import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { FileAccess, type FileMode } from './file-access.ts'
import { FilesystemMetrics } from './filesystem-metrics.ts'
import { CachedFiles } from './cached-files.ts'
import { EventBursts } from './event-bursts.ts'
import { everywhere } from './territory.ts'

function stage(mode: FileMode = 'read-write') {
  const ledger = new Ledger()
  const metrics = new FilesystemMetrics()
  const contents = new BufferPools([{ leastBytes: 1024, bytes: 1024, maxFree: 1 }])
  const room = Promise.withResolvers<void>()
  let hasRoom = false
  const makeRoom = () => {
    hasRoom = true
    room.resolve()
  }
  const files = new FileAccess({
    setup: {
      mode,
      territory: everywhere,
      cached: new CachedFiles(undefined, contents),
      contents,
      bursts: new EventBursts(),
      metrics,
    },
    ledger,
    timers: new Timers(ledger),
    untilRoom: () => room.promise,
    hasRoom: () => hasRoom,
    missingChanged: () => {},
    treeChanged: () => {},
  })
  return { files, metrics, ledger, makeRoom }
}

const write = { operation: 'writeFile', paths: [] } as const
const mebibytes = (count: number) => count * 1024 * 1024

describe('file access', () => {
  it('counts what comes of operations and words what the operating system refuses', async () => {
    const { files, metrics } = stage()
    await files.perform(write, async () => 'done')
    const missing = files.perform({ operation: 'open', paths: [] }, () => open('/nonexistent'))
    await expect(missing).rejects.toMatchObject({ kind: 'notFound' })
    const bug = files.perform(write, () => Promise.reject(new TypeError('a defect')))
    await expect(bug).rejects.toThrow('a defect')
    expect(metrics.count('writeFile', 'success')).toBe(1)
    expect(metrics.count('open', 'not_found')).toBe(1)
    expect(metrics.count('writeFile', 'internal')).toBe(1)
    await files[Symbol.asyncDispose]()
  })

  it('holds no more than it may of what waits to be written', async () => {
    const { files } = stage()
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = files.perform({ ...write, bytes: mebibytes(100) }, () => promise)
    const second = () => files.perform({ ...write, bytes: mebibytes(29) }, () => promise)
    const limit = { name: 'maxUnwrittenBytes', value: mebibytes(128) }
    expect(second).toThrow(expect.objectContaining({ kind: 'limitReached', data: { limit } }))
    const third = files.perform({ ...write, bytes: mebibytes(28) }, () => promise)
    resolve()
    await Promise.all([first, third])
    // Alone it may have any size.
    await files.perform({ ...write, bytes: mebibytes(200) }, () => promise)
    await files[Symbol.asyncDispose]()
  })

  it('makes large results only while there is room for them, and none for a connection that has ended', async () => {
    const { files, makeRoom } = stage()
    let made = 0
    const make = () => files.perform({ operation: 'readFile', paths: [], isBulky: true }, async () => (made += 1))
    const waiting = make()
    await files.perform(write, async () => undefined)
    expect(made).toBe(0)
    makeRoom()
    expect(await waiting).toBe(1)
    await files[Symbol.asyncDispose]()
    await expect(make()).rejects.toThrow('the connection has ended')
  })

  it('changes nothing where it may only read, and does nothing where it is off', async () => {
    const change = { ...write, changes: true }
    const look = { operation: 'getMetadata', paths: [] } as const
    const reading = stage('read-only').files
    expect(() => reading.perform(change, () => 'done')).toThrow('Read-only file system (os error 30)')
    expect(reading.perform(look, () => 'done')).toBe('done')
    const off = stage('off').files
    const message = 'fs/getMetadata is not permitted: this gateway serves no files'
    expect(() => off.perform(look, () => 'done')).toThrow(expect.objectContaining({ kind: 'invalidRequest', message }))
  })

  it('is over with what need not wait before it returns, unless it comes after something', async () => {
    const { files, metrics, makeRoom } = stage()
    const path = Buffer.from('/file')
    const read = () => files.perform({ operation: 'readFile', paths: [path], isBulky: true }, () => 'contents')
    makeRoom()
    expect(read()).toBe('contents')
    const { promise, resolve } = Promise.withResolvers<void>()
    const events: string[] = []
    const writing = Promise.resolve(files.perform({ ...write, paths: [path], changes: true }, () => promise))
    const reading = Promise.resolve(read())
    await Promise.all([
      writing.then(() => events.push('written')),
      reading.then(() => events.push('read')),
      Promise.resolve().then(resolve),
    ])
    expect(events).toEqual(['written', 'read'])
    expect(read()).toBe('contents')
    expect(metrics.count('readFile', 'success')).toBe(3)
    await files[Symbol.asyncDispose]()
  })

  it('keeps no turn from those it has to wait for', async () => {
    const { files, makeRoom } = stage()
    const paths = [Buffer.from('/file')]
    const { promise, resolve } = Promise.withResolvers<void>()
    const change = () => files.perform({ ...write, paths, changes: true }, () => promise)
    const read = () => files.perform({ operation: 'readFile', paths, isBulky: true }, () => undefined)
    // The first read comes when there is no room, the others when there is; all wait for a change that waits for the first.
    const operations = [change(), read(), change()]
    makeRoom()
    operations.push(...Array.from({ length: 4 }, read))
    resolve()
    await Promise.all(operations)
    expect(files.setup.metrics.count('readFile', 'success')).toBe(5)
    await files[Symbol.asyncDispose]()
  })

  it('makes no more than four large results at a time', async () => {
    const { files, makeRoom } = stage()
    makeRoom()
    const { promise, resolve } = Promise.withResolvers<void>()
    let begun = 0
    const all = Array.from({ length: 10 }, () =>
      files.perform({ operation: 'readFile', paths: [], isBulky: true }, () => {
        begun += 1
        return promise
      }),
    )
    expect(begun).toBe(4)
    resolve()
    await Promise.all(all)
    expect(begun).toBe(10)
    await files[Symbol.asyncDispose]()
  })

  it('does not wait for ever for what was begun, and tells it to stop', async () => {
    const { files } = stage()
    const begun = files.perform(write, async () => {
      await once(files.patience, 'abort')
      files.patience.throwIfAborted()
    })
    const over = files[Symbol.asyncDispose]()
    await expect(begun).rejects.toThrow('the connection has ended')
    await over
  })

  it('is over when what was begun is, and not before', async () => {
    const { files, ledger } = stage()
    const { promise, resolve } = Promise.withResolvers<void>()
    const events: string[] = []
    const begun = Promise.resolve(files.perform(write, () => promise)).then(() => events.push('finished'))
    const over = files[Symbol.asyncDispose]().then(() => events.push('over'))
    resolve()
    await Promise.all([begun, over])
    expect(events).toEqual(['finished', 'over'])
    expect(ledger.outstanding()).toEqual({})
  })
})
