import {
  chunk,
  closed,
  ends,
  exited,
  expect,
  output,
  page,
  prints,
  read,
  refused,
  shakeHands,
  start,
  starts,
  write,
} from '../lines.ts'
import { text } from '../patterns.ts'
import type { Transcript } from '../transcript.ts'

/** Prints the environment in a fixed order, without the marker a gateway may give its children. */
const printEnvironment =
  '/usr/bin/env | grep -v "^EXECGATE_INSTANCE=" | grep -v "^_=\\|^PWD=\\|^OLDPWD=\\|^SHLVL=" | sort'

export const starting: readonly Transcript[] = [
  {
    name: 'tells everything about a small process, in numbers without a gap',
    steps: [
      ...shakeHands(),
      start(1, 'p', 'echo one; read x; echo two >&2; read x; exit 7', { pipeStdin: true, arg0: null }),
      expect('exact', { id: 1, result: { processId: 'p', sandboxType: 'none' } }),
      expect('exact', output('p', 1, 'stdout', 'one\n')),
      write(2, 'p', '1', '\n'),
      expect('exact', { id: 2, result: { status: 'accepted' } }),
      expect('exact', output('p', 2, 'stderr', 'two\n')),
      write(3, 'p', '2', '\n'),
      expect('exact', { id: 3, result: { status: 'accepted' } }),
      expect('exact', exited('p', 3, 7)),
      expect('exact', closed('p', 4)),
    ],
  },
  {
    name: 'tells only of the exit and the close when nothing is printed',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['true']),
      expect('exact', exited('p', 1, 0)),
      expect('exact', closed('p', 2)),
    ],
  },
  {
    name: 'takes the id of a thread and of a tool call along, and says that nothing confines the process',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'echo hi', {
        metadata: { threadId: '0199a213-81c0-7800-8aa1-bbab2a035a53', toolCallId: 'call_1' },
      }),
      ...starts(2, 'q', 'echo hi', { metadata: { threadId: null } }),
      ...starts(3, 'r', 'echo hi', { metadata: {} }),
      ends('exact', 'p', 0),
      ends('exact', 'q', 0),
      ends('exact', 'r', 0),
    ],
  },
  {
    name: 'takes any text for a process id',
    steps: [
      ...shakeHands(),
      ...starts(1, '', ['true']),
      ends('exact', '', 0),
      ...starts(2, 'ä "quoted" \\ id', ['true']),
      ends('exact', 'ä "quoted" \\ id', 0),
    ],
  },
  {
    name: 'says what the system says when a program is not there, and the id is free again',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['/no/such/program']),
      expect('shape', refused(1, -32603, text({ includes: 'No such file or directory (os error 2)' }))),
      start(2, 'p', ['no-such-program']),
      expect('shape', refused(2, -32603, text({ includes: 'No such file or directory (os error 2)' }))),
      start(3, 'p', ['/etc/passwd']),
      expect('shape', refused(3, -32603, text({ includes: 'Permission denied (os error 13)' }))),
      start(4, 'p', ['true'], { cwd: 'file:///no/such/directory' }),
      expect('shape', refused(4, -32603, text({ includes: 'No such file or directory (os error 2)' }))),
      start(5, 'p', ['true'], { cwd: 'file:///etc/passwd' }),
      expect('shape', refused(5, -32603, text({ includes: 'Not a directory (os error 20)' }))),
      ...starts(6, 'p', ['true']),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'wants a program',
    steps: [
      ...shakeHands(),
      start(1, 'p', []),
      expect('shape', refused(1, -32602, 'argv must not be empty')),
      start(2, 'p', ['']),
      expect('shape', refused(2, -32603, text({ includes: 'missing program for pipe spawn' }))),
      start(3, 'p', [''], { tty: true }),
      expect('shape', refused(3, -32603, text())),
      ...starts(4, 'p', ['true']),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'refuses what the system would cut short, with pipes and in a terminal',
    steps: [
      ...shakeHands(),
      ...[false, true].flatMap((tty, index) => [
        start(`program ${index}`, 'p', ['/bin/tr\0ue'], { tty }),
        expect('exact', refused(`program ${index}`, -32603, 'nul byte found in provided data')),
        start(`argument ${index}`, 'p', ['/bin/true', 'a\0b'], { tty }),
        expect('exact', refused(`argument ${index}`, -32603, 'nul byte found in provided data')),
        start(`variable ${index}`, 'p', ['/bin/true'], { tty, env: { A: 'a\0b' } }),
        expect('exact', refused(`variable ${index}`, -32603, 'data provided contains a nul byte')),
      ]),
    ],
  },
  {
    name: 'starts one process of each id at a time',
    steps: [
      ...shakeHands(),
      start(1, 'p', 'read x', { pipeStdin: true }),
      start(2, 'p', 'read x', { pipeStdin: true }),
      expect('exact', { id: 1, result: { processId: 'p', sandboxType: 'none' } }),
      expect('exact', refused(2, -32600, 'process p already exists')),
      write(3, 'p', '1', '\n'),
      expect('exact', { id: 3, result: { status: 'accepted' } }),
      ends('exact', 'p', 0),
      start(4, 'p', ['true']),
      expect('exact', refused(4, -32600, 'process p already exists')),
    ],
  },
  {
    name: 'keeps the processes of two sessions apart',
    steps: [
      ...shakeHands('one'),
      ...shakeHands('two'),
      ...starts(1, 'p', 'echo one', {}, 'one'),
      ...starts(1, 'p', 'echo two', {}, 'two'),
      prints('exact', 'p', 'stdout', 'one\n', 'one'),
      prints('exact', 'p', 'stdout', 'two\n', 'two'),
      ends('exact', 'p', 0, 'one'),
      ends('exact', 'p', 0, 'two'),
    ],
  },
  {
    name: 'gives a child no input unless it is asked to',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'cat; echo end'),
      prints('exact', 'p', 'stdout', 'end\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'finds a program without any environment, and shows it another name if asked to',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['echo', 'found']),
      prints('exact', 'p', 'stdout', 'found\n'),
      ...starts(2, 'q', ['/bin/sh', '-c', 'tr "\\0" " " </proc/$$/cmdline'], { arg0: 'other-name' }),
      prints('shape', 'q', 'stdout', 'other-name -c tr "\\0" " " </proc/$$/cmdline '),
      ends('exact', 'p', 0),
      ends('exact', 'q', 0),
    ],
  },
  {
    name: 'makes the child the leader of a session and a group of its own',
    steps: [
      ...shakeHands(),
      ...starts(
        1,
        'p',
        'set -- $(cut -d" " -f1,5,6 </proc/$$/stat); test $1 = $$ && test $2 = $$ && test $3 = $$ && echo leads',
      ),
      prints('exact', 'p', 'stdout', 'leads\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'starts in the directory of the URL, whatever bytes its name has',
    gates: [],
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', 'mkdir "$(printf "<scratch>/\\377")"'),
      ends('exact', 'p', 0),
      ...starts(2, 'q', 'pwd -P | od -An -c | tr -d " \\n" | tail -c 6', {
        cwd: 'file://<scratch>/%FF/',
      }),
      prints('exact', 'q', 'stdout', '/377\\n'),
      ends('exact', 'q', 0),
    ],
  },
  {
    name: 'passes bytes through as they are',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', "printf '\\377\\000\\r\\n\\302'; read x", { pipeStdin: true }),
      // It exits later: the reference knows no order between what it prints last and its exit.
      expect('exact', output('p', 1, 'stdout', [0xff, 0, 13, 10, 0xc2])),
      write(2, 'p', '1', '\n'),
      expect('exact', { id: 2, result: { status: 'accepted' } }),
      ends('exact', 'p', 0),
      read(3, 'p'),
      expect(
        'exact',
        page(3, {
          chunks: [chunk(1, 'stdout', [0xff, 0, 13, 10, 0xc2])],
          nextSeq: 4,
          exited: true,
          exitCode: 0,
          closed: true,
        }),
      ),
    ],
  },
  {
    name: 'gives the child exactly the environment of the request',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', printEnvironment, { env: { B: 'two words', A: '', C: '=' } }),
      prints('exact', 'p', 'stdout', 'A=\nB=two words\nC==\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'computes the environment by the policy of the request',
    settings: { environment: { PATH: '/usr/bin:/bin', HOME: '/home/u', API_TOKEN: 's3cret', EDITOR: 'vi' } },
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', printEnvironment, {
        env: { EDITOR: 'nano', MY_KEY: 'kept' },
        envPolicy: {
          inherit: 'all',
          ignoreDefaultExcludes: false,
          exclude: ['ho?e'],
          set: { DEPLOY_TOKEN: 'also kept', NOISE: '1' },
          includeOnly: ['PATH', '*TOKEN', 'EDITOR'],
        },
      }),
      prints('exact', 'p', 'stdout', 'DEPLOY_TOKEN=also kept\nEDITOR=nano\nMY_KEY=kept\nPATH=/usr/bin:/bin\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'filters what the policy sets only by what the policy keeps',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', printEnvironment, {
        env: { EXTRA_SECRET: 'overlay' },
        envPolicy: {
          inherit: 'none',
          ignoreDefaultExcludes: false,
          exclude: ['KEEP*'],
          set: { KEEP_TOKEN: 'set', keep_lower: 'any case', OTHER: 'dropped' },
          includeOnly: ['keep_*'],
        },
      }),
      prints('exact', 'p', 'stdout', 'EXTRA_SECRET=overlay\nKEEP_TOKEN=set\nkeep_lower=any case\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'never passes on the credentials of the executor itself, even if asked to',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', printEnvironment, {
        env: {
          OPENAI_FEDERATION_RULE_ID: 'x',
          node_repl_auth_token: 'y',
          OPENAI_API_KEY: 'kept',
          CODEX_EXEC_SERVER_NOISE_AUTH_TOKEN: 'z',
        },
      }),
      prints('exact', 'p', 'stdout', 'OPENAI_API_KEY=kept\n'),
      ends('exact', 'p', 0),
    ],
  },
]
