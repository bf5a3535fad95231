import {
  closed,
  ends,
  exited,
  expect,
  openGate,
  output,
  prints,
  refused,
  retry,
  send,
  shakeHands,
  start,
  starts,
  terminate,
} from '../lines.ts'
import { type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'

const interrupt = (id: number, processId: string): Step => {
  return send({ id, method: 'process/signal', params: { processId, signal: 'interrupt' } })
}
const wasRunning = (id: number, running: boolean): PatternObject => ({ id, result: { running } })

export const ending: readonly Transcript[] = [
  {
    name: 'interrupts a process, which may do what it likes about it',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'trap "echo caught; exit 7" INT; echo ready; while :; do sleep 1; done'),
      expect('exact', output('p', 1, 'stdout', 'ready\n')),
      interrupt(2, 'p'),
      expect('exact', { id: 2, result: {} }),
      prints('exact', 'p', 'stdout', 'ready\ncaught\n'),
      ends('exact', 'p', 7),
      interrupt(3, 'p'),
      expect('exact', { id: 3, result: {} }),
      interrupt(4, 'nobody'),
      expect('exact', { id: 4, result: {} }),
      send({ id: 5, method: 'process/signal', params: { processId: 'p', signal: 'stop' } }),
      expect('shape', refused(5, -32602, text({ includes: 'unknown variant `stop`' }))),
    ],
  },
  {
    name: 'tells the signal that ended a process',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['sleep', '60']),
      interrupt(2, 'p'),
      expect('exact', { id: 2, result: {} }),
      expect('exact', exited('p', 1, 130)),
      expect('exact', closed('p', 2)),
      ...starts(3, 'q', 'kill -SEGV $$'),
      ends('exact', 'q', 139),
    ],
  },
  {
    name: 'terminates a process at once, without asking it',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'trap "echo caught" TERM INT HUP; echo ready; while :; do sleep 60; done'),
      expect('exact', output('p', 1, 'stdout', 'ready\n')),
      terminate(2, 'p'),
      expect('exact', wasRunning(2, true)),
      expect('exact', exited('p', 2, 137)),
      expect('exact', closed('p', 3)),
      terminate(3, 'p'),
      expect('exact', wasRunning(3, false)),
      terminate(4, 'nobody'),
      expect('exact', wasRunning(4, false)),
    ],
  },
  {
    name: 'closes a terminated process although a descendant that left its group holds its output',
    gates: ['up', 'end'],
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'setsid sh -c "read x < <scratch>/up; read x < <scratch>/end" & sleep 60'),
      openGate('up'),
      terminate(2, 'p'),
      expect('exact', wasRunning(2, true)),
      expect('exact', exited('p', 1, 137)),
      expect('exact', closed('p', 2)),
      openGate('end'),
    ],
  },
  {
    name: 'ends what holds the output of an exited process when that is terminated',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'sleep 600 & exit 0'),
      expect('exact', exited('p', 1, 0)),
      terminate(2, 'p'),
      expect('exact', wasRunning(2, false)),
      expect('exact', closed('p', 2)),
    ],
  },
  {
    name: 'keeps the id of a closed process taken',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['true']),
      expect('exact', closed('p', 2)),
      start(2, 'p', ['true']),
      expect('exact', refused(2, -32600, 'process p already exists')),
    ],
  },
  {
    name: 'frees the id of a closed process after a while, and numbers from one again',
    settings: { closedProcessMs: 50 },
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['true']),
      expect('exact', exited('p', 1, 0)),
      expect('exact', closed('p', 2)),
      retry(
        'exact',
        {
          method: 'process/start',
          params: { processId: 'p', argv: ['true'], cwd: 'file:///tmp', env: {}, tty: false },
        },
        {
          result: { processId: 'p', sandboxType: 'none' },
        },
      ),
      expect('exact', exited('p', 1, 0)),
      expect('exact', closed('p', 2)),
    ],
  },
]
