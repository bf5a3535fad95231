import { connect, expect, over, refused, send, shakeHands, start, terminate } from '../lines.ts'
import { fileUrl, object, type PatternObject, text, uuid } from '../patterns.ts'
import type { Transcript } from '../transcript.ts'

const unknownSession = '00000000-0000-4000-8000-000000000000'

const initialize = (id: number, params: PatternObject = {}): PatternObject => {
  return { id, method: 'initialize', params: { clientName: 'conformance', ...params } }
}
const greeted = (id: number): PatternObject => ({ id, result: { sessionId: uuid('session') } })
const ready = (id: number): PatternObject => ({ id, result: { status: 'ready' } })

export const handshake: readonly Transcript[] = [
  {
    name: 'greets, then says what it is and that it is ready',
    steps: [
      connect(),
      send(initialize(1, { resumeSessionId: null })),
      expect('shape', {
        id: 1,
        result: {
          sessionId: uuid('session'),
          environmentInfo: { shell: { name: text(), path: text() }, cwd: fileUrl, capabilities: object },
        },
      }),
      send({ method: 'initialized', params: {} }),
      send({ id: 2, method: 'environment/info', params: null }),
      send({ id: 3, method: 'environment/status', params: {} }),
      expect('shape', {
        id: 2,
        result: { shell: { name: text(), path: text() }, cwd: fileUrl, capabilities: object },
      }),
      expect('exact', ready(3)),
    ],
  },
  {
    name: 'takes any client name, a session id left out, and members it does not know',
    steps: [
      connect(),
      send(initialize(1, { clientName: '', protocolVersion: 3, client: { name: 'x' } })),
      expect('shape', greeted(1)),
      send({ method: 'initialized', params: null }),
      send({ id: 2, method: 'environment/status' }),
      expect('exact', ready(2)),
    ],
  },
  {
    name: 'takes initialized with any parameters, and more than once',
    steps: [
      connect(),
      send(initialize(1)),
      expect('shape', greeted(1)),
      send({ method: 'initialized' }),
      send({ method: 'initialized', params: { again: true } }),
      send({ method: 'initialized', params: 'once more' }),
      send({ id: 2, method: 'environment/status' }),
      expect('exact', ready(2)),
    ],
  },
  {
    name: 'serves a client that waits for no answer',
    steps: [
      connect(),
      send(initialize(1)),
      send({ method: 'initialized' }),
      send({ id: 2, method: 'environment/status' }),
      send({ id: 3, method: 'process/terminate', params: { processId: 'nobody' } }),
      expect('shape', greeted(1)),
      expect('exact', ready(2)),
      expect('exact', { id: 3, result: { running: false } }),
    ],
  },
  {
    name: 'refuses what comes before the handshake is through, and lets a failed one be repeated',
    steps: [
      connect(),
      send({ id: 1, method: 'environment/status' }),
      expect('shape', refused(1, -32600, text({ includes: 'initialize' }))),
      send({ id: 2, method: 'process/read', params: {} }),
      expect('shape', refused(2, -32602, text({ includes: 'processId' }))),
      send(initialize(3, { resumeSessionId: unknownSession })),
      expect('shape', refused(3, -32600, text({ includes: unknownSession }))),
      send(initialize(4)),
      expect('shape', greeted(4)),
      terminate(5, 'p'),
      expect('shape', refused(5, -32600, text({ includes: 'initialized' }))),
      send(initialize(6)),
      expect('shape', refused(6, -32600, 'initialize may only be sent once per connection')),
      send({ method: 'initialized' }),
      terminate(7, 'p'),
      expect('exact', { id: 7, result: { running: false } }),
    ],
  },
  {
    name: 'names the family of a method that came too early',
    steps: [
      connect(),
      send({ id: 1, method: 'environment/info' }),
      expect('exact', refused(1, -32600, 'client must call initialize before using environment info methods')),
      send({ id: 2, method: 'environment/status' }),
      expect('exact', refused(2, -32600, 'client must call initialize before using environment status methods')),
      start(3, 'p', ['true']),
      expect('exact', refused(3, -32600, 'client must call initialize before using exec methods')),
      send({ id: 4, method: 'process/signal', params: { processId: 'p', signal: 'interrupt' } }),
      expect('exact', refused(4, -32600, 'client must call initialize before using exec methods')),
      send(initialize(5)),
      expect('shape', greeted(5)),
      send({ id: 6, method: 'environment/info' }),
      expect('exact', refused(6, -32600, 'client must send initialized before using environment info methods')),
      send({ id: 7, method: 'process/write', params: { processId: 'p', chunk: '', writeId: '1' } }),
      expect('exact', refused(7, -32600, 'client must send initialized before using exec methods')),
    ],
  },
  {
    name: 'looks at parameters before it looks at the handshake',
    steps: [
      connect(),
      start(1, 'p', ['true'], { cwd: '/tmp' }),
      expect('shape', refused(1, -32602, text({ includes: 'relative URL without a base' }))),
      send({ id: 2, method: 'process/write', params: { processId: 'p', chunk: '?', writeId: '1' } }),
      expect('shape', refused(2, -32602, text())),
      send({ id: 3, method: 'initialize', params: { clientName: 5 } }),
      expect('shape', refused(3, -32602, text())),
      send({ id: 4, method: 'initialize' }),
      expect('shape', refused(4, -32602, text())),
    ],
  },
  {
    name: 'ends a connection on which initialized comes first',
    steps: [
      connect(),
      send({ method: 'initialized' }),
      over('exact'),
      over('ours-only', { code: 1002, reason: text() }),
    ],
  },
  {
    name: 'ends a connection on a notification it does not know',
    steps: [
      ...shakeHands(),
      send({ method: 'process/hint', params: {} }),
      over('exact'),
      over('ours-only', { code: 1002, reason: text() }),
    ],
  },
  {
    name: 'ends a connection on an answer to nothing',
    steps: [
      ...shakeHands(),
      send({ id: 7, result: {} }),
      over('exact'),
      over('ours-only', { code: 1002, reason: text() }),
    ],
  },
  {
    name: 'ends a connection on an error that answers nothing',
    steps: [
      ...shakeHands(),
      send({ id: 7, error: { code: -32603, message: 'failed' } }),
      over('exact'),
      over('ours-only', { code: 1002, reason: text() }),
    ],
  },
  {
    name: 'answers what came before a violation',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'environment/status' }),
      send({ method: 'process/hint' }),
      expect('exact', ready(1)),
      over('ours-only', { code: 1002, reason: text() }),
    ],
  },
]
