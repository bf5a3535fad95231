import { expect, it } from 'vitest'
import { ReadAhead } from './read-ahead.ts'

function stage() {
  const log: string[] = []
  const ahead = new ReadAhead(async (key: string) => {
    log.push(`read ${key}`)
    if (key === 'bad') throw new Error('bad')
    return { key, [Symbol.asyncDispose]: async () => void log.push(`close ${key}`) }
  })
  return { ahead, log }
}

it('reads each once, hands it over once, and closes what nobody took', async () => {
  const { ahead, log } = stage()
  {
    await using _ahead = ahead
    ahead.begin(['a', 'b'])
    ahead.begin(['b', 'c'])
    expect((await ahead.take('a'))?.key).toBe('a')
    expect(await ahead.take('a')).toBeUndefined()
  }
  expect(log).toEqual(['read a', 'read b', 'read c', 'close c', 'close b'])
})

it('forgets what failed', async () => {
  const { ahead } = stage()
  ahead.begin(['bad'])
  expect(await ahead.take('bad')).toBeUndefined()
  await ahead[Symbol.asyncDispose]()
})
