import {
  close,
  connect,
  ends,
  expect,
  openGate,
  over,
  prints,
  refused,
  send,
  sendText,
  shakeHands,
  starts,
} from '../lines.ts'
import { type PatternObject, text, uuid } from '../patterns.ts'
import type { Transcript } from '../transcript.ts'

const ready = (id: number): PatternObject => ({ id, result: { status: 'ready' } })

export const stdio: readonly Transcript[] = [
  {
    name: 'serves one client on standard streams, and ends with it and its processes',
    transport: 'stdio',
    gates: ['up'],
    steps: [
      connect(),
      send({ id: 1, method: 'initialize', params: { clientName: 'conformance' } }),
      expect('shape', { id: 1, result: { sessionId: uuid('session') } }),
      send({ method: 'initialized' }),
      // The lock is free once whoever holds it is gone.
      ...starts(2, 'p', 'exec 9> <scratch>/lock; flock 9; read x < <scratch>/up; sleep 60', { cwd: 'file:///tmp/' }),
      openGate('up'),
      close(),
      over('exact', { code: 0 }),
      ...shakeHands('second'),
      ...starts(3, 'q', 'flock <scratch>/lock true', {}, 'second'),
      ends('exact', 'q', 0, 'second'),
    ],
  },
  {
    name: 'skips blank lines and takes lines that end like those of Windows',
    transport: 'stdio',
    steps: [
      ...shakeHands(),
      sendText(''),
      sendText('  \t'),
      sendText('{"id":1,"method":"environment/status"}\r'),
      expect('exact', ready(1)),
    ],
  },
  {
    name: 'answers a line that is not a message, and stays',
    transport: 'stdio',
    steps: [
      ...shakeHands(),
      sendText('not-json'),
      expect(
        'shape',
        refused(-1, -32600, text({ startsWith: 'failed to parse JSON-RPC message from exec-server stdio: ' })),
      ),
      send({ id: 1, method: 'environment/status' }),
      expect('exact', ready(1)),
    ],
  },
  {
    name: 'ends without complaint when its client breaks a rule',
    transport: 'stdio',
    steps: [
      connect(),
      send({ method: 'initialized' }),
      over('ours-only', { code: 0 }),
      close(),
      over('exact', { code: 0 }),
    ],
  },
  {
    name: 'streams the output of a process in lines',
    transport: 'stdio',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'seq 1 50000'),
      ends('exact', 'p', 0),
      prints('exact', 'p', 'stdout', Array.from({ length: 50_000 }, (_, index) => `${index + 1}\n`).join('')),
    ],
  },
  {
    name: 'answers what came before the end of its input',
    transport: 'stdio',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'environment/status' }),
      send({ id: 2, method: 'environment/status' }),
      close(),
      expect('exact', ready(1)),
      expect('exact', ready(2)),
      over('exact', { code: 0 }),
    ],
  },
]
