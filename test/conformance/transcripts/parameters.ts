import { ends, expect, prints, read, refused, send, shakeHands, start, starts, terminate } from '../lines.ts'
import { boolean, object, type Pattern, type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'

/** What a request with this parameter different is refused with, naming what the text has to name. */
const refusesStart = (id: number, different: PatternObject, includes = ''): Step[] => [
  start(id, 'p', ['true'], different),
  expect('shape', refused(id, -32602, text({ includes }))),
]

const refusesRead = (id: number, different: PatternObject): Step[] => [
  read(id, 'p', different),
  expect('shape', refused(id, -32602, text())),
]

const refusesWrite = (id: number, different: PatternObject): Step[] => [
  send({ id, method: 'process/write', params: { processId: 'p', chunk: '', writeId: '1', ...different } }),
  expect('shape', refused(id, -32602, text())),
]

/** A number as JavaScript would not write it. */
const refusesReadOf = (id: number, member: string, written: string): Step[] =>
  [
    send({ id, method: 'process/read', params: { processId: 'p', [member]: '<number>' } }),
    expect('shape', refused(id, -32602, text())),
  ].map((step): Step => (step.step === 'send' ? { ...step, text: step.text.replace('"<number>"', written) } : step))

const policy: PatternObject = { inherit: 'none', ignoreDefaultExcludes: true, exclude: [], set: {}, includeOnly: [] }

const without = (member: string): PatternObject => {
  return Object.fromEntries(Object.entries(policy).filter(([name]) => name !== member))
}

const inOrder = (values: readonly Pattern[], steps: (id: number, value: Pattern) => Step[]): Step[] => {
  return values.flatMap((value, index) => steps(index + 1, value))
}

export const parameters: readonly Transcript[] = [
  {
    name: 'takes nothing, null and {} for no parameters, and nothing else',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'environment/status' }),
      expect('exact', { id: 1, result: { status: 'ready' } }),
      send({ id: 2, method: 'environment/status', params: null }),
      expect('exact', { id: 2, result: { status: 'ready' } }),
      send({ id: 3, method: 'environment/info', params: {} }),
      expect('shape', { id: 3, result: { shell: object } }),
      ...['environment/status', 'environment/info'].flatMap(method =>
        inOrder([[], { x: 1 }, false, 0, '', 'ready'], (id, params) => [
          send({ id: `${method} ${id}`, method, params }),
          expect('shape', refused(`${method} ${id}`, -32602, text({ includes: 'expected unit' }))),
        ]),
      ),
    ],
  },
  {
    name: 'ignores members it does not know, in parameters and inside them',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'echo ran', {
        priority: 5,
        tags: ['a', { b: null }],
        envPolicy: { ...policy, comment: 'kept simple' },
        metadata: { toolCallId: 'c1', agent: 'x' },
      }),
      prints('exact', 'p', 'stdout', 'ran\n'),
      ends('exact', 'p', 0),
      send({ id: 2, method: 'process/terminate', params: { processId: 'p', force: true } }),
      expect('exact', { id: 2, result: { running: false } }),
    ],
  },
  {
    name: 'names a member that is missing',
    steps: [
      ...shakeHands(),
      ...['processId', 'argv', 'cwd', 'env', 'tty'].flatMap((member, index) => {
        const whole: PatternObject = { processId: 'p', argv: ['true'], cwd: 'file:///tmp', env: {}, tty: false }
        const params = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== member))
        return [
          send({ id: index, method: 'process/start', params }),
          expect('exact', refused(index, -32602, `missing field \`${member}\``)),
        ]
      }),
      send({ id: 'no params', method: 'process/start' }),
      expect('shape', refused('no params', -32602, text())),
    ],
  },
  {
    name: 'takes null only where it may stand',
    steps: [
      ...shakeHands(),
      ...['processId', 'argv', 'cwd', 'env', 'tty', 'pipeStdin', 'enforceManagedNetwork'].flatMap((member, index) =>
        refusesStart(index, { [member]: null }),
      ),
      start('nulls', 'p', ['true'], {
        envPolicy: null,
        arg0: null,
        sandbox: null,
        managedNetwork: null,
        metadata: null,
      }),
      expect('exact', { id: 'nulls', result: { processId: 'p', sandboxType: 'none' } }),
      ends('exact', 'p', 0),
      read('read', 'p', { afterSeq: null, maxBytes: null, waitMs: null }),
      expect('shape', { id: 'read', result: { closed: true } }),
    ],
  },
  {
    name: 'refuses values of the wrong type',
    steps: [
      ...shakeHands(),
      ...inOrder(
        [
          { processId: 5 },
          { argv: 'true' },
          { argv: ['true', 1] },
          { argv: { 0: 'true' } },
          { cwd: {} },
          { env: [] },
          { env: { A: 1 } },
          { env: { A: null } },
          { tty: 'false' },
          { tty: 0 },
          { pipeStdin: 1 },
          { arg0: ['x'] },
          { metadata: 'x' },
          { metadata: { toolCallId: 5 } },
          { envPolicy: 'all' },
        ],
        (id, different) => refusesStart(id, different as PatternObject),
      ),
    ],
  },
  {
    name: 'demands every member of an environment policy',
    steps: [
      ...shakeHands(),
      ...Object.keys(policy).flatMap((member, index) =>
        refusesStart(index, { envPolicy: without(member) }, `missing field \`${member}\``),
      ),
      ...Object.keys(policy).flatMap((member, index) =>
        refusesStart(100 + index, { envPolicy: { ...policy, [member]: null } }),
      ),
      ...refusesStart(200, { envPolicy: { ...policy, inherit: 'some' } }, 'unknown variant `some`'),
      ...refusesStart(201, { envPolicy: { ...policy, inherit: 'None' } }, 'unknown variant `None`'),
    ],
  },
  {
    name: 'takes only true integers for cursors, budgets and waits',
    steps: [
      ...shakeHands(),
      ...['afterSeq', 'maxBytes', 'waitMs'].flatMap((member, index) => {
        const id = index * 10
        return [
          ...refusesReadOf(id, member, '-1'),
          ...refusesReadOf(id + 1, member, '1000.0'),
          ...refusesReadOf(id + 2, member, '1e3'),
          ...refusesReadOf(id + 3, member, '0.5'),
          ...refusesReadOf(id + 4, member, '18446744073709551616'),
          ...refusesRead(id + 5, { [member]: '1' }),
          ...refusesRead(id + 6, { [member]: true }),
        ]
      }),
    ],
  },
  {
    name: 'takes bytes in the standard alphabet with canonical padding only',
    steps: [
      ...shakeHands(),
      ...inOrder(
        ['YQ', 'YQ=', 'YQ===', 'YR==', 'YW-_', 'YQ==\n', ' YQ==', 'Y Q==', 'YQ==YQ==', '=', 'é'],
        (id, chunk) => refusesWrite(id, { chunk }),
      ),
      ...refusesWrite(100, { chunk: null }),
      ...refusesWrite(101, { chunk: [97] }),
      send({ id: 102, method: 'process/write', params: { processId: 'p', chunk: '+/8=', writeId: '1' } }),
      expect('exact', { id: 102, result: { status: 'unknownProcess' } }),
    ],
  },
  {
    name: 'knows signals by name, in one spelling',
    steps: [
      ...shakeHands(),
      ...inOrder(['stop', 'Interrupt', 'SIGINT', ''], (id, signal) => [
        send({ id, method: 'process/signal', params: { processId: 'p', signal } }),
        expect('shape', refused(id, -32602, text({ includes: '`interrupt`' }))),
      ]),
      send({ id: 10, method: 'process/signal', params: { processId: 'p', signal: 2 } }),
      expect('shape', refused(10, -32602, text())),
      send({ id: 11, method: 'process/signal', params: { processId: 'p', signal: 'interrupt' } }),
      expect('exact', { id: 11, result: {} }),
    ],
  },
  {
    name: 'refuses a directory that is not a file URL',
    steps: [
      ...shakeHands(),
      ...refusesStart(1, { cwd: '/tmp' }, 'relative URL without a base'),
      ...refusesStart(2, { cwd: 'tmp' }, 'relative URL without a base'),
      ...refusesStart(3, { cwd: 'https://example.com/tmp' }, 'unsupported path URI scheme `https`'),
      ...refusesStart(4, { cwd: 'file:///tmp?' }, 'query parameters are not allowed in path URIs'),
      ...refusesStart(5, { cwd: 'file:///tmp#top' }, 'fragments are not allowed in path URIs'),
      ...refusesStart(6, { cwd: 'file:///tmp/%00' }, "is invalid on 'linux'"),
    ],
  },
  {
    name: 'refuses a directory with an encoded slash, which would be one when it is used and none before',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['true'], { cwd: 'file:///tmp/a%2F..%2f' }),
      expect('reference-only', { id: 1, result: { processId: 'p', sandboxType: 'none' } }),
      expect('ours-only', refused(1, -32602, text({ includes: 'file:///tmp/a%2F..%2f' }))),
    ],
  },
  {
    name: 'refuses a directory of another platform by name',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['true'], { cwd: 'file:///C:/app' }),
      expect(
        'exact',
        refused(
          1,
          -32602,
          "cwd URI `file:///C:/app` is not valid on this exec-server host: 'file:///C:/app' is invalid on 'linux'",
        ),
      ),
      start(2, 'p', ['true'], { cwd: 'FILE://Server/share/x' }),
      expect(
        'exact',
        refused(
          2,
          -32602,
          "cwd URI `file://server/share/x` is not valid on this exec-server host: 'file://server/share/x' is invalid on 'linux'",
        ),
      ),
      terminate(3, 'p'),
      expect('shape', { id: 3, result: { running: boolean } }),
    ],
  },
]
