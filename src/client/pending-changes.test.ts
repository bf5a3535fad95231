import { expect, it } from 'vitest'
import { PendingChanges } from './pending-changes.ts'

it('puts changes together, each path once, until they are taken', () => {
  const pending = new PendingChanges()
  expect(pending.take()).toBeUndefined()
  pending.add({ paths: ['file:///b', 'file:///a'], overflow: false })
  pending.add({ paths: ['file:///a', 'file:///c'], overflow: false })
  expect(pending.take()).toEqual({ paths: ['file:///b', 'file:///a', 'file:///c'], overflow: false })
  expect(pending.take()).toBeUndefined()
})

it('names no more than it may hold, and says that there is more', () => {
  const pending = new PendingChanges()
  const names = Array.from({ length: 1001 }, (_, index) => `file:///${index}`)
  pending.add({ paths: names.slice(0, 1000), overflow: false })
  pending.add({ paths: names, overflow: false })
  expect(pending.take()).toEqual({ paths: ['file:///1000'], overflow: true })
  const long = 'x'.repeat(400_000)
  pending.add({ paths: ['1', '2', '3'].map(name => name + long), overflow: false })
  expect(pending.take()).toEqual({ paths: [`3${long}`], overflow: true })
})

it('forgets what was named before an overflow', () => {
  const pending = new PendingChanges()
  pending.add({ paths: ['file:///a'], overflow: false })
  pending.add({ paths: [], overflow: true })
  pending.add({ paths: ['file:///b'], overflow: false })
  expect(pending.take()).toEqual({ paths: ['file:///b'], overflow: true })
})
