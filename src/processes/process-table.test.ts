import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeDelivery } from '../../test/support/fake-delivery.ts'
import { type FakeHost, fakeHost, launchOf } from '../../test/support/fake-host.ts'
import { nobody } from '../../test/support/fake-start.ts'
import type { ProcessLimits } from './process-limits.ts'
import { ProcessTable } from './process-table.ts'
import { SystemError } from '../libc/system-error.ts'

const idle = new AbortController().signal
const fromStart = { afterSeq: 0, maxBytes: undefined, waitMs: 0 }
const launch = launchOf('program')

function tableWith(limits: Partial<ProcessLimits> = {}): {
  host: FakeHost
  table: ProcessTable
  delivery: FakeDelivery
} {
  const host = fakeHost(limits)
  const table = new ProcessTable(host)
  const delivery = new FakeDelivery()
  table.attach(delivery)
  return { host, table, delivery }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('an operator who ends a process with everything in its session', () => {
  it('kills what runs, and tells its client that it was terminated', () => {
    const { host, table } = tableWith()
    void table.start('p', launch, nobody)
    expect(table.killEverythingOf('p')).toBe('killed')
    expect(host.engine.child.asked).toEqual(expect.arrayContaining(['kill', 'killSession']))
    host.engine.child.finishes(137, 9)
    expect(table.read('p', fromStart, idle)).toMatchObject({ exitCode: 137, receipt: { cause: 'terminated' } })
  })

  it('kills who holds the streams of a process that has exited', () => {
    const { host, table } = tableWith()
    void table.start('p', launch, nobody)
    host.engine.child.exits(0)
    expect(table.killEverythingOf('p')).toBe('killed')
    expect(host.engine.child.asked).toContain('killSession')
  })

  it('learns that the operating system does not allow it', () => {
    const { host, table } = tableWith()
    void table.start('p', launch, nobody)
    host.engine.child.isKillable = false
    expect(table.killEverythingOf('p')).toBe('refused')
  })

  it('cancels a start', async () => {
    const { table } = tableWith()
    const started = table.start('p', Promise.resolve(launch), nobody)
    expect(table.killEverythingOf('p')).toBe('killed')
    await expect(started).rejects.toThrow('process p start was cancelled')
  })

  it('touches nothing that has closed or never was', () => {
    const { host, table } = tableWith()
    void table.start('p', launch, nobody)
    host.engine.child.finishes(0)
    expect(table.killEverythingOf('p')).toBe('ended')
    expect(table.killEverythingOf('q')).toBe('unknown')
    expect(host.engine.child.asked).not.toContain('killSession')
  })
})

describe('the id of a process', () => {
  it('is taken while the process runs, and as long as it can be read', () => {
    const { host, table } = tableWith({ closedProcessMs: 1000 })
    void table.start('p', launch, nobody)
    expect(() => table.start('p', launch, nobody)).toThrow('process p already exists')
    host.engine.child.finishes(4)
    expect(() => table.start('p', launch, nobody)).toThrow('process p already exists')
    expect(table.read('p', fromStart, idle)).toMatchObject({ closed: true, exitCode: 4 })
    vi.advanceTimersByTime(1000)
    expect(() => table.read('p', fromStart, idle)).toThrow('unknown process id p')
    void table.start('p', launch, nobody)
    expect(host.engine.children).toHaveLength(2)
  })

  it('is free again when the system refuses, and nothing is left behind', () => {
    const { host, table } = tableWith()
    host.engine.refusal = new SystemError(2)
    expect(() => table.start('p', launch, nobody)).toThrow('No such file or directory (os error 2)')
    expect(host.ledger.outstanding()).toEqual({})
    expect(host.metrics.finished).toEqual({ success: 0, error: 0, terminated: 0, unknown: 0 })
    host.engine.refusal = undefined
    void table.start('p', launch, nobody)
    expect(host.engine.children).toHaveLength(1)
  })

  it('means nothing when it was never started', async () => {
    const { table } = tableWith()
    expect(() => table.read('p', fromStart, idle)).toThrow('unknown process id p')
    expect(table.write('p', { writeId: '1', bytes: Buffer.from('a') }, idle)).toBe('unknownProcess')
    await table.signal('p', 'interrupt')
    expect(() => table.resize('p', { rows: 1, cols: 1 })).toThrow('unknown process id p')
    expect(table.closeInput('p', idle)).toBe('unknownProcess')
    expect(table.terminate('p')).toBe(false)
  })
})

it('starts no more processes than the gateway may have, and says so', () => {
  const { table } = tableWith({ maxProcesses: 1 })
  void table.start('p', launch, nobody)
  expect(() => table.start('q', launch, nobody)).toThrow(
    expect.objectContaining({ kind: 'limitReached', data: { limit: { name: 'maxProcesses', value: 1 } } }) as Error,
  )
})

it('forgets the longest closed process when there are too many', () => {
  const { host, table } = tableWith({ maxClosedProcesses: 1 })
  for (const id of ['p', 'q']) {
    void table.start(id, launch, nobody)
    host.engine.child.finishes(0)
  }
  expect(() => table.read('p', fromStart, idle)).toThrow('unknown process id p')
  expect(table.read('q', fromStart, idle)).toMatchObject({ closed: true })
})

describe('a start that takes time', () => {
  const pending = () => {
    const prepared = Promise.withResolvers<typeof launch>()
    const made = tableWith()
    const started = made.table.start('p', prepared.promise, nobody) as Promise<void>
    return { ...made, prepared, started }
  }

  it('takes its id at once', async () => {
    const { table, prepared, started } = pending()
    expect(() => table.start('p', launch, nobody)).toThrow('process p already exists')
    prepared.resolve(launch)
    await started
  })

  it('is waited for by what comes meanwhile, in the order it came', async () => {
    const { host, table, prepared, started } = pending()
    const write = table.write('p', { writeId: '1', bytes: Buffer.from('a') }, idle)
    const read = table.read('p', fromStart, idle)
    const interrupt = table.signal('p', 'interrupt')
    expect(host.engine.children).toEqual([])
    prepared.resolve(launch)
    await started
    expect(await write).toBe('accepted')
    expect(await read).toMatchObject({ exited: false, nextSeq: 1 })
    await interrupt
    expect(host.engine.child.asked).toEqual(['signal'])
  })

  it('is cancelled by terminate, which does not wait for it', async () => {
    const { host, table, prepared, started } = pending()
    const read = table.read('p', fromStart, idle)
    expect(table.terminate('p')).toBe(true)
    prepared.resolve(launch)
    await expect(started).rejects.toThrow('process p start was cancelled')
    await expect(read).rejects.toThrow('unknown process id p')
    expect(host.engine.children).toEqual([])
    expect(host.ledger.outstanding()).toEqual({})
  })

  it('is cancelled by the end of its session', async () => {
    const { host, table, prepared, started } = pending()
    const ended = table.end(0)
    prepared.resolve(launch)
    await expect(started).rejects.toThrow('cancelled')
    await ended
    expect(host.engine.children).toEqual([])
  })

  it('frees its id when it cannot be prepared', async () => {
    const { table, prepared, started } = pending()
    prepared.reject(new Error('not like this'))
    await expect(started).rejects.toThrow('not like this')
    expect(table.terminate('p')).toBe(false)
    void table.start('p', launch, nobody)
  })

  it('sends its events to whoever is attached by then', async () => {
    const { host, table, delivery, prepared, started } = pending()
    table.detach()
    const next = new FakeDelivery()
    table.attach(next)
    prepared.resolve(launch)
    await started
    host.engine.child.finishes(0)
    expect(next.summary).toEqual(['1 exited 0', '2 closed'])
    expect(delivery.summary).toEqual([])
  })
})

it('ends every process at the same time and starts none any more', async () => {
  const { host, table } = tableWith()
  host.engine.mortality = ['SIGKILL']
  void table.start('p', launch, nobody)
  void table.start('q', launch, nobody)
  const ended = table.end(2000)
  await vi.advanceTimersByTimeAsync(2000)
  await ended
  expect(host.engine.children.map(({ asked }) => asked)).toEqual([
    ['askToEnd', 'killSession'],
    ['askToEnd', 'killSession'],
  ])
  expect(() => table.start('r', launch, nobody)).toThrow('its session has ended')
  expect(host.ledger.outstanding()).toEqual({})
})
