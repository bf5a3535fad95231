import { expect, it } from 'vitest'
import { Turns } from './turns.ts'

it('lets a few through at a time, in the order they came', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  const take = async (number: number) => {
    const turn = await turns.take()
    begun.push(number)
    return turn
  }
  const [first, second] = await Promise.all([take(1), take(2)])
  const third = take(3)
  const fourth = take(4)
  expect(begun).toEqual([1, 2])
  second[Symbol.dispose]()
  // Over once, over for good.
  second[Symbol.dispose]()
  const thirdTurn = await third
  expect(begun).toEqual([1, 2, 3])
  first[Symbol.dispose]()
  const fourthTurn = await fourth
  expect(begun).toEqual([1, 2, 3, 4])
  thirdTurn[Symbol.dispose]()
  fourthTurn[Symbol.dispose]()
  using _again = await turns.take()
})
