import { expect, refused, send, sendText, shakeHands } from '../lines.ts'
import { base64, type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'
import { asks, fails, writes } from './files.ts'

const scratch = 'file://<scratch>'

const opens = (id: number, handleId: string, path: string, more: PatternObject = {}): Step[] =>
  asks(id, 'fs/open', { handleId, path: `${scratch}/${path}`, ...more }, { result: { handleId } })

const readsBlock = (id: number, offset: number, len: number, content: string, eof: boolean): Step[] =>
  asks(id, 'fs/readBlock', { handleId: '5f1c', offset, len }, { result: { chunk: base64(content), eof } })

const writesBlock = (id: number, offset: number, content: string): Step[] =>
  asks(id, 'fs/writeBlock', { handleId: 'w', offset, chunk: base64(content) }, { result: {} })

export const fileHandles: readonly Transcript[] = [
  {
    name: 'reads a file in blocks, in any order',
    gates: [],
    steps: [
      ...shakeHands(),
      ...writes(1, 'ten', '0123456789'),
      ...opens(2, '5f1c', 'ten'),
      ...readsBlock(3, 6, 3, '678', false),
      ...readsBlock(4, 0, 10, '0123456789', false),
      ...readsBlock(5, 8, 4, '89', true),
      ...readsBlock(6, 100, 1, '', true),
      ...fails(
        7,
        'fs/open',
        { handleId: '5f1c', path: `${scratch}/none` },
        -32600,
        'file handle `5f1c` already exists',
      ),
      ...fails(20, 'fs/open', { handleId: '5f1c', path: 'file:///C:/x' }, -32600, 'file handle `5f1c` already exists'),
      ...asks(8, 'fs/close', { handleId: '5f1c' }, { result: {} }),
      ...asks(9, 'fs/close', { handleId: '5f1c' }, { result: {} }),
      ...fails(10, 'fs/readBlock', { handleId: '5f1c', offset: 0, len: 1 }, -32004, 'unknown file handle `5f1c`'),
    ],
  },
  {
    name: 'writes a file in blocks',
    gates: [],
    steps: [
      ...shakeHands(),
      ...opens(1, 'w', 'new', { mode: 'replace' }),
      ...writesBlock(2, 0, 'hello\n'),
      ...writesBlock(3, 10, 'X'),
      ...asks(4, 'fs/readFile', { path: `${scratch}/new` }, { result: { dataBase64: base64('hello\n\0\0\0\0X') } }),
      ...fails(
        5,
        'fs/writeBlock',
        { handleId: 'w', offset: 0, chunk: '' },
        -32600,
        'file write block length must be between 1 and 1048576',
      ),
      sendText(
        '{"id":6,"method":"fs/writeBlock","params":{"handleId":"w","offset":9223372036854775806,"chunk":"WFg="}}',
      ),
      expect('exact', refused(6, -32600, 'file write range exceeds the signed 64-bit file offset limit')),
      sendText(
        '{"id":7,"method":"fs/writeBlock","params":{"handleId":"w","offset":9223372036854775805,"chunk":"WFg="}}',
      ),
      expect('exact', refused(7, -32603, 'File too large (os error 27)')),
      ...fails(8, 'fs/open', { handleId: 'w', path: `${scratch}/two` }, -32600, 'file handle `w` already exists'),
      ...fails(9, 'fs/readFile', { path: `${scratch}/two` }, -32004, 'No such file or directory (os error 2)'),
      ...fails(10, 'fs/readBlock', { handleId: 'w', offset: 0, len: 5 }, -32603, 'Bad file descriptor (os error 9)'),
      ...fails(11, 'fs/writeBlock', { handleId: 'w', offset: 0, chunk: 'YQ==' }, -32004, 'unknown file handle `w`'),
      ...asks(12, 'fs/close', { handleId: 'w' }, { result: {} }),
    ],
  },
  {
    name: 'opens regular files under short ids',
    gates: ['fifo'],
    steps: [
      ...shakeHands(),
      ...fails(1, 'fs/open', { handleId: 'h', path: scratch }, -32600, 'path `<scratch>` is not a file'),
      ...fails(2, 'fs/open', { handleId: 'h', path: `${scratch}/fifo` }, -32600, 'path `<scratch>/fifo` is not a file'),
      ...fails(
        3,
        'fs/open',
        { handleId: 'h', path: `${scratch}/fifo`, mode: 'replace' },
        -32603,
        'No such device or address (os error 6)',
      ),
      ...fails(
        4,
        'fs/open',
        { handleId: 'x'.repeat(33), path: scratch },
        -32600,
        'file handle ID must not exceed 32 bytes',
      ),
      send({ id: 5, method: 'fs/open', params: { handleId: 'h', path: scratch, mode: 'append' } }),
      expect('shape', refused(5, -32602, text({ includes: 'unknown variant `append`, expected `read` or `replace`' }))),
      send({ id: 6, method: 'fs/open', params: { handleId: 'h', path: scratch, mode: null } }),
      expect('shape', refused(6, -32602, text({ includes: 'invalid type: null, expected string or map' }))),
      ...fails(
        7,
        'fs/readBlock',
        { handleId: 'none', offset: 0, len: 1048577 },
        -32600,
        'file read block length must be between 1 and 1048576',
      ),
    ],
  },
  {
    name: 'opens 128 files on one connection and no more',
    gates: [],
    steps: [
      ...shakeHands(),
      ...writes(1, 'file', ''),
      ...Array.from({ length: 128 }, (_, index) => opens(index + 2, `h${index}`, 'file')).flat(),
      ...fails(
        200,
        'fs/open',
        { handleId: 'more', path: `${scratch}/file` },
        -32600,
        'at most 128 file handles may be open per connection',
      ),
      ...asks(201, 'fs/close', { handleId: 'h7' }, { result: {} }),
      ...opens(202, 'more', 'file'),
    ],
  },
]
