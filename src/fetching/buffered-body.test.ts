import { describe, expect, test } from 'vitest'
import { BodyBuffers } from './buffered-body.ts'

/** A body that is held after its first chunk until it is told to go on. */
function heldBody(first: string, rest = '') {
  const { promise, resolve } = Promise.withResolvers<void>()
  async function* chunks() {
    yield Buffer.from(first)
    await promise
    yield Buffer.from(rest)
  }
  return { body: chunks(), goOn: resolve }
}

const limits = { maxBufferedBodyBytes: 10, maxBufferedBytes: 15 }

describe('bodies that are collected', () => {
  test('come back whole up to their limit', async () => {
    const { body, goOn } = heldBody('12345', '67890')
    goOn()
    expect((await new BodyBuffers(limits).collect(body)).toString()).toBe('1234567890')
  })

  test('are refused beyond it', async () => {
    const { body, goOn } = heldBody('12345', '678901')
    goOn()
    await expect(new BodyBuffers(limits).collect(body)).rejects.toMatchObject({
      kind: 'limitReached',
      data: { limit: { name: 'maxBufferedBodyBytes', value: 10 } },
    })
  })

  test('are refused when all together are too many, until others are done', async () => {
    const buffers = new BodyBuffers(limits)
    const [one, two] = [heldBody('1234567890'), heldBody('12345')]
    const collected = [buffers.collect(one.body), buffers.collect(two.body)]
    await expect(buffers.collect(heldBody('1').body)).rejects.toMatchObject({
      data: { limit: { name: 'maxBufferedBytes', value: 15 } },
    })
    one.goOn()
    await collected[0]
    const three = heldBody('1')
    three.goOn()
    expect((await buffers.collect(three.body)).toString()).toBe('1')
    two.goOn()
    await collected[1]
  })
})
