import { closed, ends, expect, prints, refused, shakeHands, start, starts, terminate, write } from '../lines.ts'
import { text } from '../patterns.ts'
import type { Transcript } from '../transcript.ts'

const accepted = (id: number) => ({ id, result: { status: 'accepted' } })
const inTerminal = { tty: true, env: { TERM: 'xterm-256color' } }

export const terminal: readonly Transcript[] = [
  {
    name: 'echoes input, translates line ends, and takes an end of input',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['/bin/cat'], { ...inTerminal, pipeStdin: false, arg0: null }),
      write(2, 'p', '1', 'hi\n'),
      expect('exact', accepted(2)),
      prints('exact', 'p', 'pty', 'hi\r\nhi\r\n'),
      write(3, 'p', '2', '\u0004'),
      expect('exact', accepted(3)),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'has 24 rows and 80 columns, for input, output and errors alike',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'stty size; test -t 0 && test -t 1 && test -t 2 && echo three >&2', inTerminal),
      prints('exact', 'p', 'pty', '24 80\r\nthree\r\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'is what the child controls',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'echo through the front door > /dev/tty', inTerminal),
      prints('exact', 'p', 'pty', 'through the front door\r\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'gives the child a SHELL only if it has none, and no TERM',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'test -n "$SHELL" && echo shell; test -z "$TERM" && echo plain', {
        tty: true,
        env: { PATH: '/usr/bin:/bin' },
      }),
      prints('shape', 'p', 'pty', 'shell\r\nplain\r\n'),
      ...starts(2, 'q', 'echo $SHELL', { tty: true, env: { SHELL: '/bin/other' } }),
      prints('exact', 'q', 'pty', '/bin/other\r\n'),
      ends('exact', 'p', 0),
      ends('exact', 'q', 0),
    ],
  },
  {
    name: 'interrupts what runs in it when Ctrl-C is typed',
    steps: [
      ...shakeHands(),
      ...starts(
        1,
        'p',
        'trap "echo caught; exit 9" INT; stty -echo; echo ready; while :; do sleep 1; done',
        inTerminal,
      ),
      prints('exact', 'p', 'pty', 'ready\r\n'),
      write(2, 'p', '1', '\u0003'),
      expect('exact', accepted(2)),
      prints('shape', 'p', 'pty', 'ready\r\ncaught\r\n'),
      ends('exact', 'p', 9),
    ],
  },
  {
    name: 'tells the signal that ended the child',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'kill -TERM $$', inTerminal),
      ends('ours-only', 'p', 143),
      ends('reference-only', 'p', 1),
      ...starts(2, 'q', ['sleep', '60'], { tty: true, env: { PATH: '/usr/bin:/bin' } }),
      terminate(3, 'q'),
      expect('exact', { id: 3, result: { running: true } }),
      ends('ours-only', 'q', 137),
      ends('reference-only', 'q', 1),
    ],
  },
  {
    name: 'does not start in a directory that is not there',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['/bin/true'], { ...inTerminal, cwd: 'file:///no/such/directory' }),
      expect('ours-only', refused(1, -32603, text({ includes: 'No such file or directory (os error 2)' }))),
      expect('reference-only', { id: 1, result: { processId: 'p', sandboxType: 'none' } }),
    ],
  },
  {
    name: 'runs the first word of the command line, whatever it is called',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['/bin/true'], { ...inTerminal, arg0: '/no/such/name' }),
      expect('ours-only', { id: 1, result: { processId: 'p', sandboxType: 'none' } }),
      expect('reference-only', refused(1, -32603, text())),
      expect('ours-only', closed('p', 2)),
    ],
  },
  {
    name: 'does not find a program that is not there',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['/no/such/program'], inTerminal),
      expect('shape', refused(1, -32603, text())),
      ...starts(2, 'p', ['/bin/true'], inTerminal),
      ends('exact', 'p', 0),
    ],
  },
]
