import fc from 'fast-check'
import { methods } from '../../src/protocol/method-table.ts'

/** One thing a hostile client sends: a text message, a binary one, or bytes that are no message at all. */
export type Hostility =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Uint8Array }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }

/** What JSON can say that a schema may not expect. */
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, true, '', '\0', 'x'.repeat(5000), -1, 1e308, 2 ** 53, -(2 ** 63), 0.5, [], {}),
)

const processId = fc.constantFrom('p', 'q', '', 'ä', 'x'.repeat(600))
const argv = fc.constantFrom(['true'], ['sh', '-c', 'echo out; echo err >&2; exit 3'], ['cat'], [], [''], ['/nowhere'])

/** Parameters that are nearly right. */
const startParams = nearly({
  processId,
  argv,
  cwd: fc.constantFrom('file:///', 'file:///', 'file:///', 'file:///', 'file:///nowhere', 'http://x/', '', '/tmp'),
  env: fc.constantFrom({ PATH: '/usr/bin:/bin' }, { PATH: '/usr/bin:/bin' }, {}, { 'A=B': 'c' }, { A: '\0' }),
  tty: fc.boolean(),
  pipeStdin: fc.boolean(),
  arg0: fc.option(fc.string({ maxLength: 10 })),
})
const readParams = nearly({ processId, afterSeq: fc.nat(), maxBytes: fc.nat(), waitMs: fc.nat({ max: 3 }) })
const writeParams = nearly({
  processId,
  chunk: fc.base64String({ maxLength: 40 }),
  writeId: fc.string({ maxLength: 5 }),
})

const id = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(fc.integer(), fc.string({ maxLength: 6 })) },
  { weight: 1, arbitrary: oddValue },
)

const request = fc.oneof(
  { weight: 5, arbitrary: message('process/start', startParams) },
  { weight: 5, arbitrary: message('process/read', readParams) },
  { weight: 5, arbitrary: message('process/write', writeParams) },
  {
    weight: 3,
    arbitrary: message(
      'process/signal',
      nearly({ processId, signal: fc.constantFrom('interrupt', 'interrupt', 'kill', 9) }),
    ),
  },
  { weight: 3, arbitrary: message('process/terminate', nearly({ processId })) },
  {
    weight: 2,
    arbitrary: message(
      'initialize',
      nearly({ clientName: fc.string(), resumeSessionId: fc.option(fc.string(), { nil: undefined }) }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      id,
      method: fc.oneof(fc.constantFrom(...Object.keys(methods)), fc.string()),
      params: oddValue,
      trace: oddValue,
    }),
  },
  // Each of these ends the connection.
  { weight: 1, arbitrary: fc.record({ method: fc.constantFrom('initialized', 'cancelled'), params: oddValue }) },
  { weight: 1, arbitrary: fc.oneof(fc.record({ id, result: oddValue }), fc.record({ id, error: oddValue })) },
)

/** JSON with something wrong in its text. */
const brokenJson = fc
  .tuple(request, fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }))
  .map(([value, place, text]) => {
    const json = JSON.stringify(value)
    const at = place % (json.length + 1)
    return json.slice(0, at) + text + json.slice(at + text.length)
  })

const deep = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.constantFrom('[', '{"a":'))
  .map(([depth, opening]) => `{"id":1,"method":"process/start","params":${opening.repeat(depth)}`)

/** The beginning of a frame that promises more than it is: lengths, opcodes and bits at random. RFC 6455 section 5.2 */
const rawFrame = fc
  .tuple(fc.uint8Array({ minLength: 2, maxLength: 2 }), fc.uint8Array({ maxLength: 40 }))
  .map(([head, rest]) => new Uint8Array([...head, ...rest]))

export const hostility: fc.Arbitrary<Hostility> = fc.oneof(
  { weight: 12, arbitrary: request.map(value => ({ kind: 'text' as const, text: JSON.stringify(value) })) },
  { weight: 3, arbitrary: brokenJson.map(text => ({ kind: 'text' as const, text })) },
  { weight: 1, arbitrary: deep.map(text => ({ kind: 'text' as const, text })) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map(bytes => ({ kind: 'binary' as const, bytes })) },
  { weight: 1, arbitrary: rawFrame.map(bytes => ({ kind: 'raw' as const, bytes })) },
)

function message(method: string, params: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc.record({ id, method: fc.constant(method), params })
}

/** Each value as it should be, eleven times out of twelve; otherwise odd or missing. */
function nearly(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const odd = Object.fromEntries(
    Object.entries(fields).map(([name, value]): [string, fc.Arbitrary<unknown>] => [
      name,
      fc.oneof(
        { weight: 22, arbitrary: value },
        { weight: 1, arbitrary: oddValue },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
    ]),
  )
  return fc.record(odd)
}
