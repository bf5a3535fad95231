import { closed, ends, exited, expect, output, prints, refused, send, shakeHands, starts } from '../lines.ts'
import { text } from '../patterns.ts'
import type { Transcript } from '../transcript.ts'

/** What this gateway adds to processes, each announced in `environmentInfo.extensions`. */
export const processAdditions: readonly Transcript[] = [
  {
    name: 'closes standard input behind what was written',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['sort'], { pipeStdin: true }),
      send({ id: 2, method: 'process/write', params: { processId: 'p', writeId: 'w', chunk: 'YgphCg==' } }),
      expect('exact', { id: 2, result: { status: 'accepted' } }),
      send({ id: 3, method: 'process/closeStdin', params: { processId: 'p' } }),
      expect('exact', { id: 3, result: { status: 'accepted' } }),
      prints('exact', 'p', 'stdout', 'a\nb\n'),
      ends('exact', 'p', 0),
      send({ id: 4, method: 'process/closeStdin', params: { processId: 'p' } }),
      expect('exact', { id: 4, result: { status: 'stdinClosed' } }),
      send({ id: 5, method: 'process/closeStdin', params: { processId: 'nobody' } }),
      expect('exact', { id: 5, result: { status: 'unknownProcess' } }),
    ],
  },
  {
    name: 'gives a terminal its size, at the start and later',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'stty size; read x; stty size', { tty: true, terminalSize: { rows: 30, cols: 100 } }),
      expect('exact', output('p', 1, 'pty', '30 100\r\n')),
      send({ id: 2, method: 'process/resize', params: { processId: 'p', rows: 50, cols: 120 } }),
      expect('exact', { id: 2, result: {} }),
      send({ id: 3, method: 'process/write', params: { processId: 'p', writeId: 'w', chunk: 'Cg==' } }),
      expect('exact', { id: 3, result: { status: 'accepted' } }),
      prints('exact', 'p', 'pty', '30 100\r\n\r\n50 120\r\n'),
      ends('exact', 'p', 0),
      send({ id: 4, method: 'process/resize', params: { processId: 'p', rows: 0, cols: 120 } }),
      expect('exact', refused(4, -32602, text())),
      send({ id: 5, method: 'process/resize', params: { processId: 'nobody', rows: 1, cols: 1 } }),
      expect('exact', refused(5, -32600, 'unknown process id nobody')),
    ],
  },
  {
    name: 'sends the signals it knows by name',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'),
      expect('exact', output('p', 1, 'stdout', 'ready\n')),
      send({ id: 2, method: 'process/signal', params: { processId: 'p', signal: 'terminate' } }),
      expect('exact', { id: 2, result: {} }),
      ends('exact', 'p', 7),
      ...starts(3, 'q', ['sleep', '60']),
      send({ id: 4, method: 'process/signal', params: { processId: 'q', signal: 'kill' } }),
      expect('exact', { id: 4, result: {} }),
      ends('exact', 'q', 137),
    ],
  },
  {
    name: 'ends a process that takes too long',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['sleep', '60'], { timeoutMs: 50 }),
      expect('exact', exited('p', 1, 137)),
      expect('exact', closed('p', 2)),
    ],
  },
]
