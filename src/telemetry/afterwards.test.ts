import { expect, it } from 'vitest'
import { Afterwards } from './afterwards.ts'

const nextImmediate = () => new Promise<void>(resolve => setImmediate(resolve))

it('does what was put off in its order, once the event loop has gone on', async () => {
  const done: number[] = []
  const afterwards = new Afterwards()
  for (const number of [1, 2, 3]) afterwards.add(() => done.push(number))
  await Promise.resolve()
  expect(done).toEqual([])
  await nextImmediate()
  expect(done).toEqual([1, 2, 3])
})

it('does it at once when told to, and only once', async () => {
  const done: number[] = []
  const afterwards = new Afterwards()
  afterwards.add(() => done.push(1))
  afterwards.catchUp()
  expect(done).toEqual([1])
  await nextImmediate()
  expect(done).toEqual([1])
})

it('takes more after that, also from what it does', async () => {
  const done: number[] = []
  const afterwards = new Afterwards()
  afterwards.add(() => {
    done.push(1)
    afterwards.add(() => done.push(2))
  })
  await nextImmediate()
  await nextImmediate()
  expect(done).toEqual([1, 2])
})
