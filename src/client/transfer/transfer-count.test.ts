import { expect, it } from 'vitest'
import { TransferCount } from './transfer-count.ts'
import type { TransferProgress } from './transfer-options.ts'

it('counts what is in place, and what of it was there before', () => {
  const told: TransferProgress[] = []
  const count = new TransferCount(2, progress => told.push(progress))
  const [first, second] = [count.begin(100), count.begin(50)]
  first.keep(60)
  first.reach(100)
  first.finish()
  second.reach(30)
  expect(told.at(-1)).toEqual({ files: 1, totalFiles: 2, bytes: 130, totalBytes: 150 })
  second.reach(70)
  second.finish()
  expect(told.at(-1)).toEqual({ files: 2, totalFiles: 2, bytes: 170, totalBytes: 170 })
  expect(count.result(3)).toEqual({ files: 2, bytes: 170, keptBytes: 60, leftOut: 3 })
})

it('has kept nothing of what is begun anew', () => {
  const count = new TransferCount(1)
  const file = count.begin(100)
  file.keep(60)
  file.reach(0)
  file.reach(100)
  expect(count.result(0)).toMatchObject({ bytes: 100, keptBytes: 0 })
})
