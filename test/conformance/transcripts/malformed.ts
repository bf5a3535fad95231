import { connect, expect, refused, send, sendBytes, sendText, shakeHands } from '../lines.ts'
import { type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'

const prefix = 'failed to parse websocket JSON-RPC message from exec-server websocket'

/** The answer to a message whose id cannot be read. */
const malformedReply = (includes = ''): PatternObject => refused(-1, -32600, text({ startsWith: prefix, includes }))

/** Sends what is not a message, and expects to be told so. */
const isMalformed = (message: string, includes = ''): Step[] => [
  sendText(message),
  expect('shape', malformedReply(includes)),
]

/** The connection serves on. */
const servesOn: Step[] = [
  send({ id: 'still there', method: 'environment/status' }),
  expect('exact', { id: 'still there', result: { status: 'ready' } }),
]

/** A request that nests so many objects and arrays: the message, its parameters, and arrays in one of them. */
const nested = (id: number, depth: number): string => {
  const arrays = depth - 2
  return `{"id":${id},"method":"process/terminate","params":{"processId":"p","x":${'['.repeat(arrays)}${']'.repeat(arrays)}}}`
}

/** A request of so many JSON values: the message, its three members, two parameters, and items of the second. */
const crowded = (id: number, values: number): string => {
  const items = Array.from({ length: values - 6 }, () => '0')
  return `{"id":${id},"method":"process/terminate","params":{"processId":"p","x":[${items.join()}]}}`
}

const notRunning = (id: number): PatternObject => ({ id, result: { running: false } })

export const malformed: readonly Transcript[] = [
  {
    name: 'answers what is not JSON with the id -1 and stays, even before the handshake',
    steps: [
      connect(),
      ...isMalformed('not-json'),
      ...isMalformed(''),
      ...isMalformed('{"id":1'),
      ...isMalformed('{"id":1,"method":"environment/status"} x'),
      ...isMalformed("{'id':1}"),
      ...isMalformed('{"id":1,"method":"environment/status",}'),
      ...isMalformed('{"id":01,"method":"environment/status"}'),
      send({ id: 1, method: 'no/such' }),
      expect('shape', refused(1, -32601, text())),
    ],
  },
  {
    name: 'takes nothing but an object for a message',
    steps: [
      ...shakeHands(),
      ...isMalformed('[{"id":42,"method":"environment/status"}]', 'expected a JSON-RPC object'),
      ...isMalformed('[]', 'expected a JSON-RPC object'),
      ...isMalformed('null', 'expected a JSON-RPC object'),
      ...isMalformed('17', 'expected a JSON-RPC object'),
      ...isMalformed('"environment/status"', 'expected a JSON-RPC object'),
      ...servesOn,
    ],
  },
  {
    name: 'takes an object without method and result for an error, and refuses one that is not',
    steps: [
      ...shakeHands(),
      ...isMalformed('{}'),
      ...isMalformed('{"params":{}}'),
      sendText('{"id":1}'),
      expect('reference-only', malformedReply()),
      expect('ours-only', refused(1, -32600, text({ startsWith: prefix }))),
      sendText('{"id":2,"error":{"code":"x","message":"y"}}'),
      expect('reference-only', malformedReply()),
      expect('ours-only', refused(2, -32600, text({ startsWith: prefix }))),
      ...servesOn,
    ],
  },
  {
    name: 'takes only strings and 64-bit integers for ids',
    steps: [
      ...shakeHands(),
      ...['null', 'true', '1.5', '1.0', '1e3', '9223372036854775808', '-9223372036854775809', '[1]', '{}'].flatMap(id =>
        isMalformed(`{"id":${id},"method":"environment/status"}`),
      ),
      ...servesOn,
    ],
  },
  {
    name: 'takes only a string for a method',
    steps: [
      ...shakeHands(),
      sendText('{"id":1,"method":null}'),
      expect('reference-only', malformedReply()),
      expect('ours-only', refused(1, -32600, text({ startsWith: prefix }))),
      sendText('{"id":2,"method":["environment/status"]}'),
      expect('reference-only', malformedReply()),
      expect('ours-only', refused(2, -32600, text({ startsWith: prefix }))),
      ...isMalformed('{"method":5}'),
      ...servesOn,
    ],
  },
  {
    name: 'refuses an object that has a key twice, however deep',
    steps: [
      ...shakeHands(),
      ...isMalformed('{"id":41,"method":"a","method":"b"}', 'duplicate JSON object key `method`'),
      ...isMalformed(
        '{"id":1,"method":"process/terminate","params":{"processId":"p","x":[{"y":{"k":1,"j":2,"k":3}}]}}',
        'duplicate JSON object key `k`',
      ),
      ...isMalformed('{"id":1,"method":"x","params":{"a":1,"\\u0061":2}}', 'duplicate JSON object key `a`'),
      ...servesOn,
    ],
  },
  {
    name: 'takes 127 levels of nesting and no more',
    steps: [
      ...shakeHands(),
      sendText(nested(1, 127)),
      expect('exact', notRunning(1)),
      ...isMalformed(nested(2, 128)),
      ...servesOn,
    ],
  },
  {
    name: 'takes 262,144 values in a message and no more',
    steps: [
      ...shakeHands(),
      sendText(crowded(1, 262_144)),
      expect('exact', notRunning(1)),
      ...isMalformed(crowded(2, 262_144 + 1), 'exceeds the limit of 262144 JSON values'),
      ...servesOn,
    ],
  },
  {
    name: 'counts a long string as one value',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'process/terminate', params: { processId: 'p', x: 'x'.repeat(4_000_000) } }),
      expect('exact', notRunning(1)),
    ],
  },
  {
    name: 'refuses half a character',
    steps: [
      ...shakeHands(),
      ...isMalformed('{"id":1,"method":"process/terminate","params":{"processId":"\\ud83d"}}'),
      ...isMalformed('{"id":1,"method":"process/terminate","params":{"processId":"\\ude00 \\ud83d"}}'),
      sendText('{"id":2,"method":"process/terminate","params":{"processId":"\\ud83d\\ude00"}}'),
      expect('exact', notRunning(2)),
    ],
  },
  {
    name: 'refuses bytes that are not UTF-8, and stays',
    steps: [...shakeHands(), sendBytes([0x7b, 0xff, 0x7d]), expect('shape', malformedReply()), ...servesOn],
  },
]
