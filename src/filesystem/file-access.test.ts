import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { BufferPool } from '../lifecycle/buffer-pool.ts'
import { Ledger } from '../lifecycle/ledger.ts'
import { Timers } from '../lifecycle/timers.ts'
import { FileAccess, type FileMode } from './file-access.ts'
import { FilesystemMetrics } from './filesystem-metrics.ts'
import { CachedFiles } from './cached-files.ts'
import { everywhere } from './territory.ts'

function stage(mode: FileMode = 'read-write') {
  const ledger = new Ledger()
  const metrics = new FilesystemMetrics()
  const room = Promise.withResolvers<void>()
  const files = new FileAccess({
    setup: {
      mode,
      territory: everywhere,
      cached: new CachedFiles(undefined),
      blocks: new BufferPool({ bytes: 1024, maxFree: 1 }),
      metrics,
    },
    ledger,
    timers: new Timers(ledger),
    untilRoom: () => room.promise,
    missingChanged: () => {},
    treeChanged: () => {},
  })
  return { files, metrics, ledger, makeRoom: room.resolve }
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
    const second = files.perform({ ...write, bytes: mebibytes(29) }, () => promise)
    await expect(second).rejects.toMatchObject({
      kind: 'limitReached',
      data: { limit: { name: 'maxUnwrittenBytes', value: mebibytes(128) } },
    })
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
    await expect(reading.perform(change, async () => 'done')).rejects.toThrow('Read-only file system (os error 30)')
    await expect(reading.perform(look, async () => 'done')).resolves.toBe('done')
    const off = stage('off').files
    await expect(off.perform(look, async () => 'done')).rejects.toMatchObject({
      kind: 'invalidRequest',
      message: 'fs/getMetadata is not permitted: this gateway serves no files',
    })
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
    const begun = files.perform(write, () => promise).then(() => events.push('finished'))
    const over = files[Symbol.asyncDispose]().then(() => events.push('over'))
    resolve()
    await Promise.all([begun, over])
    expect(events).toEqual(['finished', 'over'])
    expect(ledger.outstanding()).toEqual({})
  })
})
