import {
  chunk,
  close,
  connect,
  cut,
  ends,
  expect,
  openGate,
  output,
  over,
  page,
  pageResult,
  prints,
  read,
  refused,
  retry,
  send,
  shakeHands,
  starts,
  write,
} from '../lines.ts'
import { integer, type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'

const resume = (session: string): { method: string; params: PatternObject } => {
  return { method: 'initialize', params: { clientName: 'conformance', resumeSessionId: session } }
}
const resumed: PatternObject = { result: { sessionId: '<main>' } }
const unknown: PatternObject = { error: { code: -32600, message: 'unknown session id <main>' } }

/** Takes the session of `main` up on another connection, as soon as the server has noticed that the first is gone. */
const resumeOn = (on: string): Step[] => [
  connect(on),
  retry('shape', resume('<main>'), resumed, on),
  send({ method: 'initialized' }, on),
]

export const sessions: readonly Transcript[] = [
  {
    name: 'keeps what a process prints while nobody is connected',
    gates: ['during', 'printed', 'after', 'end'],
    steps: [
      ...shakeHands(),
      ...starts(
        1,
        'p',
        'echo before; read x < <scratch>/during; echo during; read x < <scratch>/printed; read x < <scratch>/after; echo after; read x < <scratch>/end',
      ),
      expect('exact', output('p', 1, 'stdout', 'before\n')),
      cut(),
      openGate('during'),
      openGate('printed'),
      ...resumeOn('second'),
      read(2, 'p', { afterSeq: 1, maxBytes: null, waitMs: 20_000 }, 'second'),
      expect('exact', page(2, { chunks: [chunk(2, 'stdout', 'during\n')], nextSeq: 3 }), 'second'),
      openGate('after'),
      expect('exact', output('p', 3, 'stdout', 'after\n'), 'second'),
      // The reference knows no order between what a process prints last and its exit.
      openGate('end'),
      ends('exact', 'p', 0, 'second'),
    ],
  },
  {
    name: 'keeps the end of a process that nobody saw',
    gates: ['end'],
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'read x < <scratch>/end; echo unseen; exit 6'),
      cut(),
      openGate('end'),
      ...resumeOn('second'),
      // The exit may have the lower number.
      retry(
        'exact',
        { method: 'process/read', params: { processId: 'p', afterSeq: 0, waitMs: 0 } },
        pageResult({
          chunks: [{ ...chunk(1, 'stdout', 'unseen\n'), seq: integer }],
          nextSeq: 4,
          exited: true,
          exitCode: 6,
          closed: true,
        }),
        'second',
      ),
    ],
  },
  {
    name: 'lets a client that said goodbye come back at once',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'read x; echo back', { pipeStdin: true }),
      close(),
      connect('second'),
      send({ id: 1, ...resume('<main>') }, 'second'),
      expect('shape', { id: 1, ...resumed }, 'second'),
      send({ method: 'initialized' }, 'second'),
      write(2, 'p', '1', '\n', 'second'),
      expect('exact', { id: 2, result: { status: 'accepted' } }, 'second'),
      prints('exact', 'p', 'stdout', 'back\n', 'second'),
      ends('exact', 'p', 0, 'second'),
    ],
  },
  {
    name: 'remembers across connections what was written',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'head -n 2', { pipeStdin: true }),
      write(2, 'p', '1', 'once\n'),
      expect('exact', { id: 2, result: { status: 'accepted' } }),
      cut(),
      ...resumeOn('second'),
      write(3, 'p', '1', 'once\n', 'second'),
      expect('exact', { id: 3, result: { status: 'accepted' } }, 'second'),
      write(4, 'p', '2', 'twice\n', 'second'),
      expect('exact', { id: 4, result: { status: 'accepted' } }, 'second'),
      retry(
        'shape',
        { method: 'process/read', params: { processId: 'p', afterSeq: 0 } },
        { result: { exitCode: 0, closed: true } },
        'second',
      ),
    ],
  },
  {
    name: 'does not take a session from a connection that lives',
    steps: [
      ...shakeHands(),
      connect('second'),
      send({ id: 1, ...resume('<main>') }, 'second'),
      expect('exact', refused(1, -32010, 'session <main> is already attached to another connection'), 'second'),
      send({ id: 2, method: 'environment/status' }),
      expect('exact', { id: 2, result: { status: 'ready' } }),
      cut(),
      retry('shape', resume('<main>'), resumed, 'second'),
      send({ method: 'initialized' }, 'second'),
      send({ id: 3, method: 'environment/status' }, 'second'),
      expect('exact', { id: 3, result: { status: 'ready' } }, 'second'),
    ],
  },
  {
    name: 'lets a session go whose connection broke a rule, to be resumed all the same',
    steps: [...shakeHands(), send({ method: 'process/hint' }), over('exact'), ...resumeOn('second')],
  },
  {
    name: 'frees a session in the middle of a long-poll',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'read x', { pipeStdin: true }),
      read(2, 'p', { waitMs: 60_000 }),
      cut(),
      ...resumeOn('second'),
      write(3, 'p', '1', '\n', 'second'),
      expect('exact', { id: 3, result: { status: 'accepted' } }, 'second'),
      ends('exact', 'p', 0, 'second'),
    ],
  },
  {
    name: 'does not know a session that it never had',
    steps: [
      connect(),
      ...['00000000-0000-4000-8000-000000000000', 'not-a-uuid', ''].flatMap((session, id): Step[] => [
        send({ id, ...resume(session) }),
        expect('shape', refused(id, -32600, text({ includes: `unknown session id ${session}` }))),
      ]),
    ],
  },
  {
    name: 'does not know a session any more that was left alone for too long',
    settings: { detachedSessionMs: 0 },
    steps: [...shakeHands(), cut(), connect('second'), retry('exact', resume('<main>'), unknown, 'second')],
  },
  {
    name: 'ends the processes of a session that was left alone for too long',
    gates: ['up'],
    settings: { detachedSessionMs: 0 },
    steps: [
      ...shakeHands(),
      // The lock is free once whoever holds it is gone.
      ...starts(1, 'p', 'exec 9> <scratch>/lock; flock 9; read x < <scratch>/up; sleep 60'),
      openGate('up'),
      cut(),
      ...shakeHands('second'),
      ...starts(2, 'q', 'flock <scratch>/lock true', {}, 'second'),
      ends('exact', 'q', 0, 'second'),
    ],
  },
]
