import type { LookupAddress } from 'node:dns'
import { describe, expect, test } from 'vitest'
import { TargetRefused } from './fetch-failure.ts'
import { guardedLookup } from './guarded-lookup.ts'
import { TargetRules } from './target-rules.ts'

type Answer = { error: Error | null; address: string | LookupAddress[]; family: number | undefined }

function lookUp(allow: string[], options: { all?: boolean }): Promise<Answer> {
  const lookup = guardedLookup(new TargetRules({ policy: 'listed', allow, deny: [] }))
  return new Promise(resolve => {
    lookup('localhost', options, (error, address, family) => {
      resolve({ error, address, family })
    })
  })
}

describe('a look-up', () => {
  test('leaves out what the rules refuse', async () => {
    const { error, address } = await lookUp(['127.0.0.1'], { all: true })
    expect(error).toBeNull()
    expect(address).toEqual([{ address: '127.0.0.1', family: 4 }])
  })

  test('answers with one address where one is asked for', async () => {
    expect(await lookUp(['127.0.0.1'], {})).toEqual({ error: null, address: '127.0.0.1', family: 4 })
  })

  test('fails when nothing is left', async () => {
    expect((await lookUp([], { all: true })).error).toBeInstanceOf(TargetRefused)
  })
})
