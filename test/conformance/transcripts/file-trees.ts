import { ends, shakeHands, starts } from '../lines.ts'
import { base64, type PatternObject } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'
import { asks, fails } from './files.ts'

const scratch = 'file://<scratch>'
const missing = 'No such file or directory (os error 2)'
const notADirectory = 'Not a directory (os error 20)'
const loops = 'Symbolic link loop (os error 40)'

/** Has a shell of the server make what the steps that follow are about. */
export const prepare = (script: string): Step[] => [
  ...starts('prepare', 'prepare', `cd <scratch> && ${script}`, { env: { PATH: '/usr/bin:/bin' } }),
  ends('exact', 'prepare', 0),
]

const options = { maxDepth: 9, maxDirectories: 100, maxEntries: 100, followDirectorySymlinks: false }

interface Walked {
  readonly [name: string]: 'directory' | 'file'
}

const walks = (id: number, path: string, more: PatternObject, walked: Walked, truncated = false): Step[] =>
  asks(
    id,
    'fs/walk',
    { path: `${scratch}/${path}`, options: { ...options, ...more } },
    {
      result: {
        entries: Object.entries(walked).map(([name, kind]) => ({ path: `${scratch}/${name}`, kind })),
        errors: [],
        truncated,
      },
    },
  )

const copies = (id: number, from: string, to: string, recursive = true): Step[] =>
  asks(
    id,
    'fs/copy',
    { sourcePath: `${scratch}/${from}`, destinationPath: `${scratch}/${to}`, recursive },
    { result: {} },
  )

const copyFails = (id: number, from: string, to: string, code: number, message: string): Step[] =>
  fails(
    id,
    'fs/copy',
    { sourcePath: `${scratch}/${from}`, destinationPath: `${scratch}/${to}`, recursive: true },
    code,
    message,
  )

const creates = (id: number, path: string, more: PatternObject = {}): Step[] =>
  asks(id, 'fs/createDirectory', { path: `${scratch}/${path}`, ...more }, { result: {} })

const createFails = (id: number, path: string, code: number, message: string, more: PatternObject = {}): Step[] =>
  fails(id, 'fs/createDirectory', { path: `${scratch}/${path}`, ...more }, code, message)

const removes = (id: number, path: string, more: PatternObject = {}): Step[] =>
  asks(id, 'fs/remove', { path: `${scratch}/${path}`, ...more }, { result: {} })

const removeFails = (id: number, path: string, code: number, message: string, more: PatternObject = {}): Step[] =>
  fails(id, 'fs/remove', { path: `${scratch}/${path}`, ...more }, code, message)

const reads = (id: number, path: string, content: string): Step[] =>
  asks(id, 'fs/readFile', { path: `${scratch}/${path}` }, { result: { dataBase64: base64(content) } })

/** What an operation leaves behind is for a shell to see. */
const checks = (id: string, script: string): Step[] => [
  ...starts(id, id, `cd <scratch> && ${script}`, { env: { PATH: '/usr/bin:/bin' } }),
  ends('exact', id, 0),
]

export const fileTrees: readonly Transcript[] = [
  {
    name: 'walks along links to directories when asked to, into each directory once',
    gates: [],
    steps: [
      ...shakeHands(),
      ...prepare('mkdir -p t/a/b u && touch t/f t/a/b/g u/h && ln -s ../u t/z && ln -s .. t/a/up && ln -s f t/link'),
      ...walks(1, 't', {}, { 't/a': 'directory', 't/f': 'file', 't/a/b': 'directory', 't/a/b/g': 'file' }),
      ...walks(
        2,
        't',
        { followDirectorySymlinks: true },
        {
          't/a': 'directory',
          't/f': 'file',
          't/z': 'directory',
          't/a/b': 'directory',
          't/a/up': 'directory',
          't/z/h': 'file',
          't/a/b/g': 'file',
        },
      ),
      // Names are counted, left out or not: the link to a file is the third of four.
      ...walks(3, 't', { maxEntries: 3 }, { 't/a': 'directory', 't/f': 'file' }, true),
      ...walks(
        4,
        't',
        { followDirectorySymlinks: true, maxDirectories: 2 },
        { 't/a': 'directory', 't/f': 'file', 't/z': 'directory', 't/a/b': 'directory', 't/a/up': 'directory' },
        true,
      ),
      ...walks(5, 't/z', {}, {}),
      ...walks(6, 't/z', { followDirectorySymlinks: true }, { 't/z/h': 'file' }),
    ],
  },
  {
    name: 'lists hidden directories, but does not enter them when told not to',
    gates: ['fifo'],
    steps: [
      ...shakeHands(),
      ...prepare('mkdir -p t/.h/d t/v && touch t/.h/f t/.k t/v/.l && ln -s .h t/w'),
      ...walks(
        1,
        't',
        { pruneHiddenDirectories: true },
        { 't/.h': 'directory', 't/.k': 'file', 't/v': 'directory', 't/v/.l': 'file' },
      ),
      // By another name it is not hidden.
      ...walks(
        2,
        't',
        { pruneHiddenDirectories: true, followDirectorySymlinks: true },
        {
          't/.h': 'directory',
          't/.k': 'file',
          't/v': 'directory',
          't/w': 'directory',
          't/v/.l': 'file',
          't/w/d': 'directory',
          't/w/f': 'file',
        },
      ),
      ...walks(3, 't/.h', { pruneHiddenDirectories: true }, { 't/.h/d': 'directory', 't/.h/f': 'file' }),
      ...walks(4, 'fifo', {}, {}),
      ...fails(
        5,
        'fs/walk',
        { path: `${scratch}/none`, options: { ...options, maxDirectories: 0, maxEntries: 50_001 } },
        -32600,
        'filesystem walk limits must be greater than zero',
      ),
    ],
  },
  {
    name: 'sorts names by their bytes, and spells them as URIs do',
    gates: [],
    steps: [
      ...shakeHands(),
      ...prepare("mkdir t && touch 't/B' 't/a' 't/a b%#?^|[]~`{}\"<>\\' 't/\uff21' 't/\u{1f600}'"),
      ...walks(
        1,
        't',
        {},
        {
          't/B': 'file',
          't/a': 'file',
          't/a%20b%25%23%3F^|[]~%60%7B%7D%22%3C%3E%5C': 'file',
          't/%EF%BC%A1': 'file',
          't/%F0%9F%98%80': 'file',
        },
      ),
      ...asks(
        2,
        'fs/canonicalize',
        { path: `${scratch}/t/a%20b%25%23%3F%5E%7C%5B%5D%7E%60%7B%7D%22%3C%3E%5C` },
        { result: { path: `${scratch}/t/a%20b%25%23%3F^|[]~%60%7B%7D%22%3C%3E%5C` } },
      ),
    ],
  },
  {
    name: 'tells apart what ends in a link and what leads through one',
    gates: [],
    steps: [
      ...shakeHands(),
      ...prepare(
        'mkdir -p d/e && printf text >a && ln -s d dl && ln -s loop loop && ln -s gone dangling && ln -s /dev/null null',
      ),
      ...reads(1, 'dl/../a', 'text'),
      ...reads(2, 'd%2F..%2Fa', 'text'),
      ...reads(3, 'a/', 'text'),
      ...fails(4, 'fs/readFile', { path: `${scratch}/null` }, -32600, 'path `<scratch>/null` is not a file'),
      ...fails(5, 'fs/readFile', { path: `${scratch}/loop` }, -32603, loops),
      ...fails(6, 'fs/getMetadata', { path: `${scratch}/loop` }, -32603, loops),
      ...fails(7, 'fs/canonicalize', { path: `${scratch}/loop` }, -32603, loops),
      ...fails(8, 'fs/readDirectory', { path: `${scratch}/dangling` }, -32004, missing),
      ...fails(9, 'fs/readDirectory', { path: `${scratch}/a` }, -32603, notADirectory),
      ...asks(
        10,
        'fs/readDirectory',
        { path: `${scratch}/dl` },
        { result: { entries: [{ fileName: 'e', isDirectory: true, isFile: false }] } },
      ),
      ...fails(11, 'fs/readFile', { path: `${scratch}/${'x'.repeat(300)}` }, -32603, 'Filename too long (os error 36)'),
      ...asks(12, 'fs/canonicalize', { path: `${scratch}/dl/e` }, { result: { path: `${scratch}/d/e` } }),
    ],
  },
  {
    name: 'creates directories through links and over nothing else',
    gates: [],
    steps: [
      ...shakeHands(),
      ...prepare('mkdir d && touch a && ln -s d dl && ln -s gone dangling && ln -s loop loop'),
      ...creates(1, 'dl/x/y'),
      ...creates(2, 'dl'),
      ...createFails(3, 'dl', -32603, 'File exists (os error 17)', { recursive: false }),
      ...createFails(4, 'a', -32603, 'File exists (os error 17)'),
      ...createFails(5, 'a/b', -32603, notADirectory),
      ...createFails(6, 'dangling', -32603, 'File exists (os error 17)'),
      ...createFails(7, 'loop/b', -32603, loops),
      ...createFails(8, 'a/b', -32603, notADirectory, { followSymlinks: false }),
      ...creates(9, 'd/x/y', { followSymlinks: false }),
      ...asks(10, 'fs/createDirectory', { path: 'file:///' }, { result: {} }),
    ],
  },
  {
    name: 'copies links as links, and through those of the destination',
    gates: ['fifo'],
    steps: [
      ...shakeHands(),
      ...prepare(
        'mkdir -p d/sub && printf text >a && printf old >b && ln -s b bl && ln -s a al && ln -s d dl && ln -s new dangling && mkfifo d/pipe && printf x >d/run && chmod 754 d/run',
      ),
      ...copies(1, 'al', 'al2', false),
      ...copies(2, 'dl', 'dl2'),
      ...checks('links', 'test "$(readlink al2)" = a && test "$(readlink dl2)" = d'),
      ...copies(3, 'a', 'bl', false),
      ...reads(4, 'b', 'text'),
      ...copies(5, 'a', 'dangling', false),
      ...reads(6, 'new', 'text'),
      ...copies(7, 'd', 'to/new'),
      ...checks('copied', 'test ! -e to/new/pipe && test "$(stat -c %a to/new/run)" = 754 && test -d to/new/sub'),
      ...copyFails(8, 'd', 'd', -32600, 'fs/copy cannot copy a directory to itself or one of its descendants'),
      ...copyFails(9, 'd', 'dl/x', -32600, 'fs/copy cannot copy a directory to itself or one of its descendants'),
      ...copyFails(10, 'd', 'a', -32603, 'File exists (os error 17)'),
      ...copyFails(11, 'd', 'a/x', -32603, notADirectory),
      ...copyFails(12, 'a', 'none/x', -32004, missing),
      ...copyFails(13, 'a', 'dl', -32603, 'Is a directory (os error 21)'),
      ...copyFails(14, 'al', 'a', -32603, 'File exists (os error 17)'),
      ...copies(15, 'd/sub', 'd'),
    ],
  },
  {
    name: 'removes links and not what they lead to, and minds what is missing when told to',
    gates: ['fifo'],
    steps: [
      ...shakeHands(),
      ...prepare('mkdir d && touch d/f a && ln -s d dl && ln -s gone dangling && ln -s loop loop'),
      ...removes(1, 'dl'),
      ...removes(2, 'dangling', { force: false }),
      ...removes(3, 'fifo', { recursive: false, followSymlinks: false }),
      ...removes(4, 'none/x'),
      ...removes(5, 'none', { recursive: false, followSymlinks: false }),
      ...removeFails(6, 'none', -32004, missing, { recursive: false, force: false, followSymlinks: false }),
      ...removeFails(7, 'a/x', -32603, notADirectory),
      ...removeFails(8, 'loop/x', -32603, loops),
      ...removeFails(9, 'none', -32603, 'recursive no-follow removal is unsupported', { followSymlinks: false }),
      ...removes(10, 'loop'),
      ...reads(11, 'd/f', ''),
      ...removes(12, 'd'),
    ],
  },
]
