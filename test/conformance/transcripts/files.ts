import { ends, expect, refused, send, shakeHands, starts } from '../lines.ts'
import { base64, integer, type PatternObject, text } from '../patterns.ts'
import type { Step, Tag, Transcript } from '../transcript.ts'

const scratch = 'file://<scratch>'

/** A request and its answer. */
export const asks = (
  id: number,
  method: string,
  params: PatternObject,
  answer: PatternObject,
  tag: Tag = 'exact',
): Step[] => [send({ id, method, params }), expect(tag, { id, ...answer })]

export const fails = (id: number, method: string, params: PatternObject, code: number, message: string): Step[] => [
  send({ id, method, params }),
  expect('exact', refused(id, code, message)),
]

const missing = 'No such file or directory (os error 2)'

export const writes = (id: number, path: string, content: string): Step[] =>
  asks(id, 'fs/writeFile', { path: `${scratch}/${path}`, dataBase64: base64(content) }, { result: {} })

const reads = (id: number, path: string, content: string): Step[] =>
  asks(id, 'fs/readFile', { path: `${scratch}/${path}`, sandbox: null }, { result: { dataBase64: base64(content) } })

/** A request that may follow no link. */
const strictly = (
  id: number,
  method: string,
  path: string,
  code: number,
  message: string,
  more: PatternObject = {},
): Step[] => fails(id, method, { path: `${scratch}/${path}`, followSymlinks: false, ...more }, code, message)

const removesOne = (id: number, path: string): Step[] =>
  asks(id, 'fs/remove', { path: `${scratch}/${path}`, recursive: false, force: false, sandbox: null }, { result: {} })

const walkOptions = { maxDepth: 4, maxDirectories: 10, maxEntries: 10, followDirectorySymlinks: false }

const walks = (id: number, options: PatternObject, answer: PatternObject): Step[] =>
  asks(id, 'fs/walk', { path: `${scratch}/tree`, options: { ...walkOptions, ...options } }, answer)

const directory = (path: string): PatternObject => ({ path: `${scratch}/tree/${path}`, kind: 'directory' })
const file = (path: string): PatternObject => ({ path: `${scratch}/tree/${path}`, kind: 'file' })

export const files: readonly Transcript[] = [
  {
    name: 'reads and writes whole files',
    gates: ['fifo'],
    steps: [
      ...shakeHands(),
      ...writes(1, 'note', 'note\n'),
      ...reads(2, 'note', 'note\n'),
      ...writes(3, 'note', ''),
      ...reads(4, 'note', ''),
      ...fails(5, 'fs/readFile', { path: `${scratch}/none` }, -32004, missing),
      ...fails(6, 'fs/readFile', { path: scratch }, -32600, 'path `<scratch>` is not a file'),
      ...fails(7, 'fs/readFile', { path: `${scratch}/fifo` }, -32600, 'path `<scratch>/fifo` is not a file'),
      ...fails(8, 'fs/readFile', { path: 'file:///C:/notes' }, -32600, "'file:///C:/notes' is invalid on 'linux'"),
      ...fails(9, 'fs/writeFile', { path: `${scratch}/no/file`, dataBase64: '' }, -32004, missing),
      ...fails(10, 'fs/writeFile', { path: scratch, dataBase64: '' }, -32603, 'Is a directory (os error 21)'),
      ...fails(
        11,
        'fs/writeFile',
        { path: `${scratch}/note`, dataBase64: '*' },
        -32600,
        'fs/writeFile requires valid base64 dataBase64: Invalid symbol 42, offset 0.',
      ),
      send({ id: 12, method: 'fs/readFile', params: { path: '/srv/note' } }),
      expect('shape', refused(12, -32602, text({ includes: 'relative URL without a base' }))),
      send({ id: 13, method: 'fs/readFile', params: {} }),
      expect('shape', refused(13, -32602, text({ includes: 'missing field `path`' }))),
    ],
  },
  {
    name: 'tells what there is about an entry, and where it really is',
    gates: [],
    steps: [
      ...shakeHands(),
      ...writes(1, 'note', '12345'),
      send({ id: 2, method: 'fs/getMetadata', params: { path: `${scratch}/note`, sandbox: null } }),
      expect('exact', {
        id: 2,
        result: {
          isDirectory: false,
          isFile: true,
          isSymlink: false,
          size: 5,
          createdAtMs: integer,
          modifiedAtMs: integer,
        },
      }),
      ...fails(3, 'fs/getMetadata', { path: `${scratch}/none` }, -32004, missing),
      ...fails(4, 'fs/getMetadata', { path: `${scratch}/note/x` }, -32603, 'Not a directory (os error 20)'),
      ...asks(5, 'fs/canonicalize', { path: `${scratch}/./x/../note` }, { result: { path: `${scratch}/note` } }),
      ...fails(6, 'fs/canonicalize', { path: `${scratch}/none` }, -32004, missing),
    ],
  },
  {
    name: 'creates, lists and removes directories',
    gates: [],
    steps: [
      ...shakeHands(),
      ...asks(1, 'fs/createDirectory', { path: `${scratch}/a/b` }, { result: {} }),
      ...asks(2, 'fs/createDirectory', { path: `${scratch}/a/b`, recursive: true }, { result: {} }),
      ...fails(
        3,
        'fs/createDirectory',
        { path: `${scratch}/a/b`, recursive: false },
        -32603,
        'File exists (os error 17)',
      ),
      ...fails(4, 'fs/createDirectory', { path: `${scratch}/x/y`, recursive: false }, -32004, missing),
      ...asks(
        5,
        'fs/readDirectory',
        { path: scratch },
        {
          result: { entries: [{ fileName: 'a', isDirectory: true, isFile: false }] },
        },
      ),
      ...asks(6, 'fs/readDirectory', { path: `${scratch}/a/b` }, { result: { entries: [] } }),
      ...fails(7, 'fs/readDirectory', { path: `${scratch}/x` }, -32004, missing),
      ...fails(
        8,
        'fs/remove',
        { path: `${scratch}/a`, recursive: false, force: false },
        -32603,
        'Directory not empty (os error 39)',
      ),
      ...asks(9, 'fs/remove', { path: `${scratch}/a` }, { result: {} }),
      ...asks(10, 'fs/remove', { path: `${scratch}/a` }, { result: {} }),
      ...fails(11, 'fs/remove', { path: `${scratch}/a`, recursive: true, force: false }, -32004, missing),
    ],
  },
  {
    name: 'walks breadth first, in order, within its bounds',
    gates: [],
    steps: [
      ...shakeHands(),
      ...asks(1, 'fs/createDirectory', { path: `${scratch}/tree/nested` }, { result: {} }),
      ...writes(2, 'tree/nested/note', ''),
      ...writes(3, 'tree/root', ''),
      ...walks(
        4,
        {},
        {
          result: { entries: [directory('nested'), file('root'), file('nested/note')], errors: [], truncated: false },
        },
      ),
      ...walks(
        5,
        { maxDirectories: 1 },
        {
          result: { entries: [directory('nested'), file('root')], errors: [], truncated: true },
        },
      ),
      ...walks(6, { maxEntries: 1 }, { result: { entries: [directory('nested')], errors: [], truncated: true } }),
      ...walks(
        7,
        { maxDepth: 0 },
        {
          result: { entries: [directory('nested'), file('root')], errors: [], truncated: false },
        },
      ),
      ...fails(
        8,
        'fs/walk',
        { path: scratch, options: { ...walkOptions, maxEntries: 0 } },
        -32600,
        'filesystem walk limits must be greater than zero',
      ),
      ...fails(
        9,
        'fs/walk',
        { path: scratch, options: { ...walkOptions, maxDepth: 65 } },
        -32600,
        'filesystem walk limits exceed maximums: depth=64, directories=10000, entries=50000',
      ),
      ...fails(10, 'fs/walk', { path: `${scratch}/none`, options: walkOptions }, -32004, missing),
      ...asks(
        11,
        'fs/walk',
        { path: `${scratch}/tree/root`, options: walkOptions },
        {
          result: { entries: [], errors: [], truncated: false },
        },
      ),
    ],
  },
  {
    name: 'copies files and trees, never into themselves',
    gates: ['fifo'],
    steps: [
      ...shakeHands(),
      ...asks(1, 'fs/createDirectory', { path: `${scratch}/from/sub` }, { result: {} }),
      ...writes(2, 'from/sub/note', 'text'),
      ...asks(
        3,
        'fs/copy',
        { sourcePath: `${scratch}/from`, destinationPath: `${scratch}/to/new`, recursive: true },
        {
          result: {},
        },
      ),
      ...reads(4, 'to/new/sub/note', 'text'),
      ...fails(
        5,
        'fs/copy',
        { sourcePath: `${scratch}/from`, destinationPath: `${scratch}/other`, recursive: false },
        -32600,
        'fs/copy requires recursive: true when sourcePath is a directory',
      ),
      ...fails(
        6,
        'fs/copy',
        { sourcePath: `${scratch}/from`, destinationPath: `${scratch}/from/sub/copy`, recursive: true },
        -32600,
        'fs/copy cannot copy a directory to itself or one of its descendants',
      ),
      ...fails(
        7,
        'fs/copy',
        { sourcePath: `${scratch}/fifo`, destinationPath: `${scratch}/other`, recursive: false },
        -32600,
        'fs/copy only supports regular files, directories, and symlinks',
      ),
      ...fails(
        8,
        'fs/copy',
        { sourcePath: `${scratch}/none`, destinationPath: `${scratch}/other`, recursive: false },
        -32004,
        missing,
      ),
      ...fails(
        9,
        'fs/copy',
        { sourcePath: `${scratch}/from/sub/note`, destinationPath: scratch, recursive: false },
        -32603,
        'Is a directory (os error 21)',
      ),
    ],
  },
  {
    name: 'empties no file that is copied onto itself',
    only: 'execgate',
    gates: [],
    steps: [
      ...shakeHands(),
      ...writes(1, 'note', 'text'),
      ...asks(
        2,
        'fs/copy',
        { sourcePath: `${scratch}/note`, destinationPath: `${scratch}/note`, recursive: false },
        {
          result: {},
        },
      ),
      ...reads(3, 'note', 'text'),
    ],
  },
  {
    name: 'refuses the root where it needs an entry',
    steps: [
      ...shakeHands(),
      ...fails(
        1,
        'fs/remove',
        { path: 'file:///', recursive: false, followSymlinks: false },
        -32600,
        'path must name an entry',
      ),
      ...fails(
        2,
        'fs/remove',
        { path: 'file:///tmp/none', followSymlinks: false },
        -32603,
        'recursive no-follow removal is unsupported',
      ),
      ...fails(3, 'fs/readFile', { path: 'file:///tmp', followSymlinks: false }, -32600, 'path is not a regular file'),
    ],
  },
  {
    name: 'keeps links apart from what they lead to',
    gates: [],
    steps: [
      ...shakeHands(),
      ...writes(1, 'note', 'text'),
      ...starts(
        2,
        'ln',
        'cd <scratch> && mkdir folder && ln -s note link && ln -s folder alias && ln -s none dangling',
      ),
      ends('exact', 'ln', 0),
      ...reads(3, 'link', 'text'),
      ...asks(4, 'fs/canonicalize', { path: `${scratch}/link` }, { result: { path: `${scratch}/note` } }),
      send({ id: 5, method: 'fs/getMetadata', params: { path: `${scratch}/link` } }),
      expect('shape', { id: 5, result: { isFile: true, isSymlink: true, size: 4 } }),
      ...fails(6, 'fs/getMetadata', { path: `${scratch}/dangling` }, -32004, missing),
      ...strictly(7, 'fs/readFile', 'link', -32603, 'Symbolic link loop (os error 40)'),
      ...strictly(8, 'fs/writeFile', 'link', -32603, 'Symbolic link loop (os error 40)', { dataBase64: '' }),
      ...strictly(9, 'fs/getMetadata', 'link', -32600, 'path contains a symbolic link'),
      ...strictly(10, 'fs/remove', 'link', -32600, 'path contains a symbolic link', { recursive: false }),
      ...strictly(11, 'fs/readFile', 'alias/x', -32603, 'Not a directory (os error 20)'),
      ...strictly(12, 'fs/createDirectory', 'alias/x', -32603, 'Not a directory (os error 20)'),
      ...strictly(13, 'fs/createDirectory', 'alias', -32603, 'Not a directory (os error 20)'),
      ...strictly(14, 'fs/createDirectory', 'alias', -32603, 'File exists (os error 17)', { recursive: false }),
      ...asks(
        15,
        'fs/copy',
        { sourcePath: `${scratch}/dangling`, destinationPath: `${scratch}/copy`, recursive: false },
        {
          result: {},
        },
      ),
      ...fails(
        16,
        'fs/copy',
        { sourcePath: `${scratch}/dangling`, destinationPath: `${scratch}/link`, recursive: false },
        -32603,
        'File exists (os error 17)',
      ),
      ...asks(17, 'fs/remove', { path: `${scratch}/alias` }, { result: {} }),
      ...asks(18, 'fs/readDirectory', { path: `${scratch}/folder` }, { result: { entries: [] } }),
      ...asks(
        19,
        'fs/walk',
        { path: scratch, options: walkOptions },
        {
          result: {
            entries: [
              { path: `${scratch}/folder`, kind: 'directory' },
              { path: `${scratch}/note`, kind: 'file' },
            ],
            errors: [],
            truncated: false,
          },
        },
      ),
    ],
  },
  {
    name: 'lets a stock client apply a patch: add in a new folder, update, move, delete',
    gates: [],
    steps: [
      ...shakeHands(),
      ...fails(1, 'fs/getMetadata', { path: `${scratch}/new/file`, sandbox: null }, -32004, missing),
      ...fails(2, 'fs/readFile', { path: `${scratch}/new/file`, sandbox: null }, -32004, missing),
      ...fails(
        3,
        'fs/writeFile',
        { path: `${scratch}/new/file`, dataBase64: base64('one\n'), sandbox: null },
        -32004,
        missing,
      ),
      ...asks(4, 'fs/createDirectory', { path: `${scratch}/new`, recursive: true, sandbox: null }, { result: {} }),
      ...writes(5, 'new/file', 'one\n'),
      ...reads(6, 'new/file', 'one\n'),
      ...writes(7, 'new/file', 'two\n'),
      ...writes(8, 'moved', 'two\n'),
      ...removesOne(9, 'new/file'),
      ...fails(10, 'fs/readFile', { path: `${scratch}/new/file` }, -32004, missing),
      ...reads(11, 'moved', 'two\n'),
      ...removesOne(12, 'moved'),
    ],
  },
  {
    name: 'serves files after the handshake only, and has no other methods for them',
    steps: [
      { on: 'main', step: 'connect' },
      ...fails(
        1,
        'fs/readFile',
        { path: 'file:///x' },
        -32600,
        'client must call initialize before using filesystem methods',
      ),
      ...fails(2, 'fs/chmod', {}, -32601, 'exec-server stub does not implement `fs/chmod` yet'),
    ],
  },
]
