import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import type { GatewayFixture } from '../support/start-gateway.ts'
import { startGateway } from '../support/start-gateway.ts'
import { eventually } from '../support/eventually.ts'
import { makeFifo } from '../support/fifo.ts'
import type { Peer } from '../support/peer.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const text = (chunk: string) => Buffer.from(chunk, 'base64').toString()

interface Stage extends AsyncDisposable {
  readonly fixture: GatewayFixture
  readonly peer: Peer
  path(name: string): string
  uri(name: string): string
  refusal(method: string, params: object): Promise<unknown>
  heldHandles(): number
}

async function openStage(): Promise<Stage> {
  await using acquired = new AsyncDisposableStack()
  const fixture = acquired.use(await startGateway())
  const scratch = acquired.use(new ScratchFolder())
  const peer = await fixture.connect()
  const owned = acquired.move()
  return {
    fixture,
    peer,
    path: name => join(scratch.path, name),
    uri: name => `${scratch.uri}/${name}`,
    refusal: async (method, params) => {
      const { error } = await peer.request(method, params)
      return [error?.code, error?.message]
    },
    heldHandles: () => fixture.gateway.ledger.active('file_handle'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

it('reads blocks in any order; only a short one is the end', async () => {
  await using stage = await openStage()
  const { peer } = stage
  writeFileSync(stage.path('ten'), '0123456789')
  await peer.call('fs/open', { handleId: 'h', path: stage.uri('ten') })
  const read = async (offset: number, len: number) => {
    const { chunk, eof } = await peer.call('fs/readBlock', { handleId: 'h', offset, len })
    return [text(chunk), eof]
  }
  expect(await read(6, 3)).toEqual(['678', false])
  expect(await read(0, 10)).toEqual(['0123456789', false])
  expect(await read(8, 4)).toEqual(['89', true])
  expect(await read(10, 1)).toEqual(['', true])
  expect(await read(1000, 1)).toEqual(['', true])
  await peer.call('fs/close', { handleId: 'h' })
  await peer.call('fs/close', { handleId: 'h' })
  expect(await stage.refusal('fs/readBlock', { handleId: 'h', offset: 0, len: 1 })).toEqual([
    -32004,
    'unknown file handle `h`',
  ])
})

it('streams two megabytes in two blocks', async () => {
  await using stage = await openStage()
  writeFileSync(stage.path('large'), Buffer.alloc(2 * 1024 * 1024, 'x'))
  await stage.peer.call('fs/open', { handleId: 'h', path: stage.uri('large') })
  const block = (offset: number) => stage.peer.call('fs/readBlock', { handleId: 'h', offset, len: 1024 * 1024 })
  const [first, second, third] = await Promise.all([block(0), block(1024 * 1024), block(2 * 1024 * 1024)])
  expect([first.eof, second.eof, third]).toEqual([false, false, { chunk: '', eof: true }])
  expect(Buffer.from(first.chunk + second.chunk, 'base64').every(byte => byte === 0x78)).toBe(true)
})

it.each(['removed', 'replaced by a FIFO', 'replaced by a link', 'replaced by a file'])(
  'goes on reading the file it opened when its path is %s',
  async what => {
    await using stage = await openStage()
    writeFileSync(stage.path('file'), 'first')
    writeFileSync(stage.path('other'), 'other')
    await stage.peer.call('fs/open', { handleId: 'h', path: stage.uri('file') })
    rmSync(stage.path('file'))
    if (what === 'replaced by a FIFO') makeFifo(stage.path('file'))
    if (what === 'replaced by a link') symlinkSync('other', stage.path('file'))
    if (what === 'replaced by a file') renameSync(stage.path('other'), stage.path('file'))
    const { chunk } = await stage.peer.call('fs/readBlock', { handleId: 'h', offset: 0, len: 5 })
    expect(text(chunk)).toBe('first')
  },
)

it('writes blocks where they belong, visible at once, in a file that keeps its permissions', async () => {
  await using stage = await openStage()
  const { peer } = stage
  writeFileSync(stage.path('file'), 'old and longer', { mode: 0o600 })
  await peer.call('fs/open', { handleId: 'w', path: stage.uri('file'), mode: 'replace' })
  expect(statSync(stage.path('file'))).toMatchObject({ size: 0, mode: 0o100600 })
  await peer.call('fs/writeBlock', { handleId: 'w', offset: 0, chunk: base64('hello\n') })
  expect(readFileSync(stage.path('file'), 'utf8')).toBe('hello\n')
  await peer.call('fs/writeBlock', { handleId: 'w', offset: 10, chunk: base64('X') })
  expect(readFileSync(stage.path('file'), 'utf8')).toBe('hello\n\0\0\0\0X')
})

it('writes large blocks as they were, and gives their memory back at once', async () => {
  const given: number[] = []
  const transfer = ArrayBuffer.prototype.transfer
  using _spy = vi.spyOn(ArrayBuffer.prototype, 'transfer').mockImplementation(function (this: ArrayBuffer, length) {
    given.push(this.byteLength)
    return transfer.call(this, length)
  })
  await using stage = await openStage()
  const { peer } = stage
  const blocks = Array.from({ length: 6 }, (_none, index) => randomBytes(1024 * 1024 - index))
  const chunks = blocks.map(block => block.toString('base64'))
  await peer.call('fs/open', { handleId: 'w', path: stage.uri('file'), mode: 'replace' })
  const write = (chunk: string, index: number) =>
    peer.call('fs/writeBlock', { handleId: 'w', offset: index * 1024 * 1024, chunk })
  await Promise.all(chunks.map(write))
  await peer.call('fs/close', { handleId: 'w' })
  for (const [index, block] of blocks.entries()) {
    const start = index * 1024 * 1024
    expect(
      readFileSync(stage.path('file'))
        .subarray(start, start + block.length)
        .equals(block),
    ).toBe(true)
  }
  for (const atomic of [false, true]) {
    await peer.call('fs/writeFile', { path: stage.uri('whole'), dataBase64: chunks[5] ?? '', atomic })
    expect(readFileSync(stage.path('whole')).equals(blocks[5] ?? Buffer.alloc(0))).toBe(true)
  }
  // Of each message, and of its contents.
  expect(given.filter(bytes => bytes > 1_000_000)).toHaveLength(16)
})

it('creates what a dangling link leads to, and refuses what is no file', async () => {
  await using stage = await openStage()
  const open = { handleId: 'w', mode: 'replace' }
  symlinkSync('target', stage.path('link'))
  await stage.peer.call('fs/open', { handleId: 'l', path: stage.uri('link'), mode: 'replace' })
  expect(statSync(stage.path('target')).size).toBe(0)
  makeFifo(stage.path('fifo'))
  expect(await stage.refusal('fs/open', { ...open, path: stage.uri('fifo') })).toEqual([
    -32603,
    'No such device or address (os error 6)',
  ])
  expect(await stage.refusal('fs/open', { ...open, path: stage.uri('') })).toEqual([
    -32603,
    'Is a directory (os error 21)',
  ])
  expect(await stage.refusal('fs/open', { ...open, path: 'file:///dev/null' })).toEqual([
    -32600,
    'path `/dev/null` is not a file',
  ])
  expect(await stage.refusal('fs/open', { ...open, path: stage.uri('none/file') })).toEqual([
    -32004,
    'No such file or directory (os error 2)',
  ])
  expect(stage.heldHandles()).toBe(1)
})

it('refuses blocks beyond the bounds, of the wrong kind, and of no file', async () => {
  await using stage = await openStage()
  const { peer, refusal } = stage
  writeFileSync(stage.path('file'), 'text')
  await peer.call('fs/open', { handleId: 'r', path: stage.uri('file') })
  await peer.call('fs/open', { handleId: 'w', path: stage.uri('made'), mode: 'replace' })
  const write = (handleId: string, offset: number, chunk: string) =>
    refusal('fs/writeBlock', { handleId, offset, chunk })
  const blockLength = [-32600, 'file write block length must be between 1 and 1048576']
  expect(await write('w', 0, '')).toEqual(blockLength)
  expect(await write('none', 0, Buffer.alloc(1024 * 1024 + 1).toString('base64'))).toEqual(blockLength)
  expect(await write('w', 2 ** 63, base64('x'))).toEqual([
    -32600,
    'file write range exceeds the signed 64-bit file offset limit',
  ])
  expect(await write('w', 2 ** 60, base64('x'))).toEqual([-32603, 'File too large (os error 27)'])
  expect(await write('none', 0, base64('x'))).toEqual([-32004, 'unknown file handle `none`'])
  expect(await write('r', 0, base64('x'))).toEqual([-32603, 'Bad file descriptor (os error 9)'])
  expect(await refusal('fs/readBlock', { handleId: 'r', offset: 0, len: 1024 * 1024 + 1 })).toEqual([
    -32600,
    'file read block length must be between 1 and 1048576',
  ])
  // A write that fails leaves the handle as it is, a read that fails closes it.
  await peer.call('fs/readBlock', { handleId: 'r', offset: 0, len: 1 })
  await peer.call('fs/writeBlock', { handleId: 'w', offset: 0, chunk: base64('x') })
  expect(await refusal('fs/readBlock', { handleId: 'w', offset: 0, len: 1 })).toEqual([
    -32603,
    'Bad file descriptor (os error 9)',
  ])
  expect(await write('w', 0, base64('x'))).toEqual([-32004, 'unknown file handle `w`'])
  expect(await refusal('fs/readBlock', { handleId: 'r', offset: 2 ** 63, len: 1 })).toEqual([
    -32600,
    'Invalid argument (os error 22)',
  ])
  expect(stage.heldHandles()).toBe(0)
})

it('has 128 handles for each connection, whatever they are for, and ids of 32 bytes', async () => {
  await using stage = await openStage()
  const { peer, refusal } = stage
  writeFileSync(stage.path('file'), 'text')
  const open = (handleId: string, name = 'file') => ({ handleId, path: stage.uri(name) })
  expect(await refusal('fs/open', open('ä'.repeat(17), 'none'))).toEqual([
    -32600,
    'file handle ID must not exceed 32 bytes',
  ])
  expect(await refusal('fs/close', { handleId: 'x'.repeat(33) })).toEqual([
    -32600,
    'file handle ID must not exceed 32 bytes',
  ])
  const opened = Array.from({ length: 127 }, (_, index) => peer.call('fs/open', open(`h${index}`)))
  await Promise.all([...opened, peer.call('fs/open', { ...open('', 'made'), mode: 'replace' })])
  expect(stage.heldHandles()).toBe(128)
  expect(await refusal('fs/open', open('h1', 'none'))).toEqual([-32600, 'file handle `h1` already exists'])
  expect(await refusal('fs/open', { ...open('more', 'untouched'), mode: 'replace' })).toEqual([
    -32600,
    'at most 128 file handles may be open per connection',
  ])
  expect(await refusal('fs/readFile', { path: stage.uri('untouched') })).toMatchObject([-32004, /No such/])
  const { limitsReached } = stage.fixture.gateway.telemetry.instruments
  expect(limitsReached.value({ limit: 'maxFileHandles' })).toBe(1)
  await peer.call('fs/close', { handleId: 'h1' })
  await peer.call('fs/open', open('more'))
  const other = await stage.fixture.connect()
  await other.call('fs/open', open('h2'))
  expect(stage.heldHandles()).toBe(129)
})

it('does what is asked of a handle in that order, without waiting for answers', async () => {
  await using stage = await openStage()
  const { peer } = stage
  const ignored = Promise.allSettled([
    peer.call('fs/open', { handleId: 'w', path: stage.uri('file'), mode: 'replace' }),
    ...Array.from({ length: 20 }, (_, index) => {
      return peer.call('fs/writeBlock', { handleId: 'w', offset: 0, chunk: base64(`text ${index}`) })
    }),
    peer.call('fs/close', { handleId: 'w' }),
    peer.call('fs/open', { handleId: 'w', path: stage.uri('file') }),
  ])
  const { chunk } = await peer.call('fs/readBlock', { handleId: 'w', offset: 0, len: 100 })
  expect(text(chunk)).toBe('text 19')
  expect((await ignored).every(({ status }) => status === 'fulfilled')).toBe(true)
})

it('knows no handle that could not be opened, not even when asked before that was known', async () => {
  await using stage = await openStage()
  const opening = stage.refusal('fs/open', { handleId: 'h', path: stage.uri('none') })
  const reading = stage.refusal('fs/readBlock', { handleId: 'h', offset: 0, len: 1 })
  expect(await opening).toMatchObject([-32004, /No such file/])
  expect(await reading).toEqual([-32004, 'unknown file handle `h`'])
})

it('closes the handles of a connection that ends, and a resumed session has none', async () => {
  await using stage = await openStage()
  writeFileSync(stage.path('file'), 'text')
  await stage.peer.call('fs/open', { handleId: 'h', path: stage.uri('file') })
  expect(stage.heldHandles()).toBe(1)
  await stage.peer.cut()
  await eventually(() => stage.heldHandles() === 0, 'the handle is closed')
  const again = await stage.fixture.connect(stage.peer.sessionId)
  const { error } = await again.request('fs/readBlock', { handleId: 'h', offset: 0, len: 1 })
  expect(error).toMatchObject({ code: -32004, message: 'unknown file handle `h`' })
})

it('makes no more large replies than a client reads', async () => {
  await using stage = await openStage()
  writeFileSync(stage.path('large'), Buffer.alloc(4 * 1024 * 1024))
  stage.peer.socket.pause()
  for (let id = 1000; id < 1030; id++) {
    stage.peer.send({ id, method: 'fs/readFile', params: { path: stage.uri('large') } })
  }
  const [connection] = stage.fixture.gateway.connections()
  await eventually(() => (connection?.queuedBytes ?? 0) > 0, 'replies are queued')
  // A second peer gets its answers meanwhile, and all that was made for the first is a few replies.
  const other = await stage.fixture.connect()
  for (let turn = 0; turn < 50; turn++) await other.call('fs/getMetadata', { path: stage.uri('large') })
  expect(stage.fixture.gateway.fileMetrics.count('readFile', 'success')).toBeLessThan(15)
  stage.peer.socket.resume()
  await stage.peer.until(message => message.id === 1029)
})
