import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage } from './envelope.ts'
import { WriteBlock, WriteFile } from './filesystem-schemas.ts'

const long = Buffer.alloc(100_000, 'a word ')
const text = long.toString('base64')

/** The parameters of a message, decoded. */
function paramsOf(message: string): unknown {
  const decoded = decodeMessage(message)
  if (decoded.kind !== 'request') throw new Error(JSON.stringify(decoded))
  return decoded.params
}

describe('a long parameter', () => {
  it.each(['chunk', 'dataBase64', 'bodyBase64'])('of base64 arrives as bytes: %s', key => {
    const params = { before: [1, { chunk: 'QQ==' }], [key]: text, after: 'b', big: 5 }
    expect(paramsOf(JSON.stringify({ id: 1, method: 'm', params, trace: null }))).toEqual({ ...params, [key]: long })
    const fragile = JSON.stringify({ id: 1, method: 'm', params }).replace('"big":5', '"big":9007199254740993')
    expect(paramsOf(fragile)).toEqual({ ...params, [key]: long, big: 9_007_199_254_740_993n })
  })

  it.each([
    ['has another name', { text }],
    ['is no base64', { chunk: `${text}*` }],
    ['is short', { chunk: 'QUJD' }],
    ['is deeper down', { one: { chunk: text } }],
    ['is in a list', [text]],
  ])('stays as it is when it %s', (_why, params) => {
    expect(paramsOf(JSON.stringify({ id: 1, method: 'm', params }))).toEqual(params)
  })

  it('only counts among the parameters', () => {
    expect(paramsOf(JSON.stringify({ id: 1, method: 'm', chunk: text, other: { chunk: text }, params: {} }))).toEqual(
      {},
    )
  })

  it.each([
    ['an escape', text.replace('YS', String.raw`\u0059S`), long],
    ['a second one', text, long],
  ])('with %s is as good', (_what, chunk, bytes) => {
    const message = `{"id":1,"method":"m","params":{"handleId":"${'h'.repeat(70_000)}","offset":0,"chunk":"${chunk}"}}`
    expect(WriteBlock.parse(paramsOf(message))).toMatchObject({ chunk: bytes })
  })

  it('is read by schemas whichever way it came', () => {
    for (const contents of [text, long]) {
      expect(WriteBlock.parse({ handleId: 'h', offset: 0, chunk: contents }).chunk).toEqual(long)
      expect(WriteFile.safeParse({ path: 'file:///a', dataBase64: contents }).success).toBe(true)
    }
  })

  it('changes nothing about what is refused', () => {
    const message = `{"id":1,"method":"m","params":{"chunk":"${text}"}}`
    fc.assert(
      fc.property(fc.nat({ max: message.length - 1 }), fc.constantFrom('', '"', '\\', '\n', '{', ','), (at, put) => {
        const broken = message.slice(0, at) + put + message.slice(at + 1)
        const decoded = decodeMessage(broken)
        let parsed: unknown
        try {
          parsed = JSON.parse(broken)
        } catch {
          parsed = undefined
        }
        if (parsed === undefined) expect(decoded.kind).toBe('malformed')
      }),
      { numRuns: 500 },
    )
  })
})
