import { expect, it } from 'vitest'
import { ByteAllowance } from './byte-allowance.ts'

const allowance = () => new ByteAllowance(10, held => new RangeError(`${held} are held`))

it('refuses what does not fit, and takes it once there is room', () => {
  const bytes = allowance()
  const first = bytes.hold(6)
  expect(() => bytes.hold(5)).toThrow(new RangeError('6 are held'))
  using _fits = bytes.hold(4)
  first[Symbol.dispose]()
  using _later = bytes.hold(6)
  expect(() => bytes.hold(1)).toThrow('10 are held')
})

it('takes anything while nothing is held, and then nothing beside it', () => {
  const bytes = allowance()
  using _large = bytes.hold(1000)
  expect(() => bytes.hold(1)).toThrow('1000 are held')
})

it('lets go once, however often it is asked to', () => {
  const bytes = allowance()
  const held = bytes.hold(6)
  using _other = bytes.hold(4)
  held[Symbol.dispose]()
  held[Symbol.dispose]()
  expect(() => bytes.hold(7)).toThrow('4 are held')
})
