import { connect, expect, read, refused, send, sendAsBytes, sendText, shakeHands } from '../lines.ts'
import { type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'

const ready = (id: number | string | bigint): PatternObject => ({ id, result: { status: 'ready' } })
const asksStatus = (id: number | string, more: PatternObject = {}): Step =>
  send({ id, method: 'environment/status', ...more })

/** A request whose id is written as no JavaScript number could be. */
const asksStatusAs = (id: string): Step => sendText(`{"id":${id},"method":"environment/status"}`)

const unknownMethod = (id: number | string, method: string): PatternObject => {
  return refused(id, -32601, `exec-server stub does not implement \`${method}\` yet`)
}

export const envelope: readonly Transcript[] = [
  {
    name: 'sends an id back as it came, whatever it looks like',
    steps: [
      ...shakeHands(),
      ...[0, -7, 9_007_199_254_740_991, '', 'request one', '17', 'ä "quoted" \\ \u0000'].flatMap(id => [
        asksStatus(id),
        expect('exact', ready(id)),
      ]),
    ],
  },
  {
    name: 'keeps all 64 bits of an id',
    steps: [
      ...shakeHands(),
      asksStatusAs('9223372036854775807'),
      expect('exact', ready(9_223_372_036_854_775_807n)),
      asksStatusAs('-9223372036854775808'),
      expect('exact', ready(-9_223_372_036_854_775_808n)),
      asksStatusAs('9007199254740993'),
      expect('exact', ready(9_007_199_254_740_993n)),
    ],
  },
  {
    name: 'answers each of several requests with one id',
    steps: [
      ...shakeHands(),
      asksStatus(1),
      asksStatus(1),
      send({ id: 1, method: 'process/terminate', params: { processId: 'nobody' } }),
      expect('exact', ready(1)),
      expect('exact', ready(1)),
      expect('exact', { id: 1, result: { running: false } }),
    ],
  },
  {
    name: 'ignores the member jsonrpc and others it does not know',
    steps: [
      ...shakeHands(),
      asksStatus(1, { jsonrpc: '2.0' }),
      expect('exact', ready(1)),
      asksStatus(2, { jsonrpc: 1, priority: 'high', meta: { a: [null] } }),
      expect('exact', ready(2)),
    ],
  },
  {
    name: 'takes a message with a method and an id for a request, whatever else is in it',
    steps: [
      ...shakeHands(),
      asksStatus(1, { result: {}, error: { code: 1, message: 'x' } }),
      expect('exact', ready(1)),
    ],
  },
  {
    name: 'takes the same message as text and as bytes',
    steps: [...shakeHands(), sendAsBytes({ id: 1, method: 'environment/status' }), expect('exact', ready(1))],
  },
  {
    name: 'does not know a method it does not have, before the handshake and after it',
    steps: [
      connect(),
      send({ id: 'one', method: 'process/rename', params: {} }),
      expect('shape', unknownMethod('one', 'process/rename')),
      send({ id: 2, method: '' }),
      expect('shape', unknownMethod(2, '')),
      ...shakeHands('other'),
      send({ id: 3, method: 'Process/Read', params: { processId: 'p' } }, 'other'),
      expect('shape', unknownMethod(3, 'Process/Read'), 'other'),
    ],
  },
  {
    name: 'names the unknown method',
    steps: [connect(), send({ id: 1, method: 'process/list' }), expect('exact', unknownMethod(1, 'process/list'))],
  },
  {
    name: 'serves a request with a trace carrier, even one that cannot be read',
    steps: [
      ...shakeHands(),
      send({
        id: 1,
        method: 'process/terminate',
        params: { processId: 'nobody' },
        trace: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', tracestate: 'vendor=value' },
      }),
      expect('exact', { id: 1, result: { running: false } }),
      asksStatus(2, { trace: { traceparent: 'unreadable' } }),
      expect('exact', ready(2)),
      asksStatus(3, { trace: { tracestate: 'alone=1' } }),
      expect('exact', ready(3)),
      asksStatus(4, { trace: {} }),
      expect('exact', ready(4)),
      asksStatus(5, { trace: null }),
      expect('exact', ready(5)),
      asksStatus(6, { trace: { traceparent: null, baggage: 5 } }),
      expect('exact', ready(6)),
    ],
  },
  {
    name: 'ignores whatever a notification carries as its trace',
    steps: [
      connect(),
      send({ id: 1, method: 'initialize', params: { clientName: 'conformance' } }),
      expect('shape', { id: 1, result: {} }),
      send({ method: 'initialized', trace: 'anything' }),
      asksStatus(2),
      expect('exact', ready(2)),
    ],
  },
  {
    name: 'refuses a trace carrier of the wrong type, under the id of the request if it can be read',
    steps: [
      ...shakeHands(),
      asksStatus(1, { trace: 'a string' }),
      expect('reference-only', refused(-1, -32600, text())),
      expect('ours-only', refused(1, -32600, text())),
      asksStatus(2, { trace: { traceparent: 5 } }),
      expect('reference-only', refused(-1, -32600, text())),
      expect('ours-only', refused(2, -32600, text())),
      asksStatus(3),
      expect('exact', ready(3)),
    ],
  },
  {
    name: 'takes numbers of any size among parameters it does not know',
    steps: [
      ...shakeHands(),
      sendText(
        '{"id":1,"method":"process/terminate","params":{"processId":"nobody","weight":1e400,"count":123456789012345678901234567890}}',
      ),
      expect('exact', { id: 1, result: { running: false } }),
      sendText('{"id":2,"method":"process/read","params":{"processId":"nobody","afterSeq":18446744073709551615}}'),
      expect('shape', refused(2, -32600, 'unknown process id nobody')),
      read(3, 'nobody', { maxBytes: 9_007_199_254_740_991 }),
      expect('shape', refused(3, -32600, 'unknown process id nobody')),
    ],
  },
]
