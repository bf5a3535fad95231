import { describe, expect, it } from 'vitest'
import { PathOrder } from './path-order.ts'

/** Work that is held up until it is let go, in an order that is written down. */
function stage() {
  const order = new PathOrder()
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const run = (title: string, path: string, changes: boolean) =>
    order.run({ paths: [Buffer.from(path)], changes }, async () => {
      begun.push(title)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.set(title, resolve)
      await promise
    })
  return { run, begun, end: (title: string) => ends.get(title)?.() }
}

describe('operations', () => {
  it('run side by side while none changes anything', () => {
    const { run, begun } = stage()
    void run('one', '/a', false)
    void run('two', '/a', false)
    expect(begun).toEqual(['one', 'two'])
  })

  it('run side by side on different paths', () => {
    const { run, begun } = stage()
    void run('one', '/a/b', true)
    void run('two', '/a/bc', true)
    expect(begun).toEqual(['one', 'two'])
  })

  it.each([
    ['/a', '/a'],
    ['/a', '/a/b'],
    ['/a/b', '/a'],
    ['/', '/a'],
  ])('wait for a change of %s when they are about %s', async (first, second) => {
    const { run, begun, end } = stage()
    const one = run('one', first, true)
    const two = run('two', second, false)
    expect(begun).toEqual(['one'])
    end('one')
    await one
    await expect.poll(() => begun).toEqual(['one', 'two'])
    end('two')
    await two
  })

  it('let a change wait for those that look', async () => {
    const { run, begun, end } = stage()
    const one = run('one', '/a', false)
    const two = run('two', '/a', true)
    const three = run('three', '/a', false)
    expect(begun).toEqual(['one'])
    end('one')
    await one
    await expect.poll(() => begun).toEqual(['one', 'two'])
    end('two')
    await two
    await expect.poll(() => begun).toEqual(['one', 'two', 'three'])
    end('three')
    await three
  })

  it('go on after one that failed', async () => {
    const order = new PathOrder()
    const claim = { paths: [Buffer.from('/a')], changes: true }
    const failing = order.run(claim, () => Promise.reject(new Error('refused')))
    const next = order.run(claim, async () => 'done')
    await expect(failing).rejects.toThrow('refused')
    await expect(next).resolves.toBe('done')
  })
})
