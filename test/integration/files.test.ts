import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { maxWholeFileBytes } from '../../src/filesystem/filesystem-limits.ts'
import { PathUri } from '../../src/protocol/path-uri.ts'
import { makeFifo } from '../support/fifo.ts'
import { asOrdinaryUser } from '../support/ordinary-user.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'
import { plant } from '../support/tree.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const confined = {
  permissions: { type: 'managed', file_system: { type: 'restricted', entries: [] }, network: 'enabled' },
  windowsSandboxLevel: 'disabled',
} as const

async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const gateway = acquired.use(await startGateway())
  const scratch = acquired.use(new ScratchFolder())
  const peer = await gateway.connect()
  const owned = acquired.move()
  return {
    gateway: gateway.gateway,
    connect: gateway.connect,
    peer,
    scratch,
    path: (name: string) => join(scratch.path, name),
    uri: (name: string) => `${scratch.uri}/${name}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

it('reads what was written, byte for byte', async () => {
  await using stage = await openStage()
  const { peer, uri, path } = stage
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  await peer.call('fs/writeFile', { path: uri('file'), dataBase64: everyByte.toString('base64') })
  expect(readFileSync(path('file'))).toEqual(everyByte)
  const { dataBase64 } = await peer.call('fs/readFile', { path: uri('file') })
  expect(Buffer.from(dataBase64, 'base64')).toEqual(everyByte)
  expect(stage.gateway.fileMetrics.bytes('read')).toBe(256)
  expect(stage.gateway.fileMetrics.bytes('written')).toBe(256)
})

it('writes in place: another name of the file shows the same', async () => {
  await using stage = await openStage()
  stage.scratch.write('file', 'old and longer', 0o640)
  linkSync(stage.path('file'), stage.path('other'))
  const { ino } = statSync(stage.path('file'))
  await stage.peer.call('fs/writeFile', { path: stage.uri('file'), dataBase64: base64('new') })
  expect(readFileSync(stage.path('other'), 'utf8')).toBe('new')
  expect(statSync(stage.path('file'))).toMatchObject({ ino, mode: 0o100640 })
})

it('reads files that do not know their size', async () => {
  await using stage = await openStage()
  const { dataBase64 } = await stage.peer.call('fs/readFile', { path: 'file:///proc/self/maps' })
  expect(Buffer.from(dataBase64, 'base64').toString()).toContain('[stack]')
})

it('answers for what is no regular file at once, and reads nothing from it', async () => {
  await using stage = await openStage()
  makeFifo(stage.path('fifo'))
  for (const name of ['fifo', '']) {
    const path = name === '' ? stage.scratch.path : stage.path(name)
    const { error } = await stage.peer.request('fs/readFile', { path: stage.uri(name) })
    expect(error).toMatchObject({ code: -32600, message: `path \`${path}\` is not a file` })
  }
  const device = await stage.peer.request('fs/readFile', { path: 'file:///dev/zero' })
  expect(device.error?.message).toBe('path `/dev/zero` is not a file')
  const written = await stage.peer.request('fs/writeFile', { path: stage.uri('fifo'), dataBase64: base64('x') })
  expect(written.error).toMatchObject({ code: -32603, message: 'No such device or address (os error 6)' })
  await stage.peer.call('fs/writeFile', { path: 'file:///dev/null', dataBase64: base64('x') })
})

it('writes to files of the kernel that take no position', async () => {
  await using stage = await openStage()
  const name = readFileSync('/proc/self/comm', 'utf8')
  await stage.peer.call('fs/writeFile', { path: 'file:///proc/self/comm', dataBase64: base64(name.trim()) })
  expect(readFileSync('/proc/self/comm', 'utf8')).toBe(name)
})

it('refuses a file that fits into no reply before it reads it, and one that nobody may read at once', async () => {
  await using stage = await openStage()
  stage.scratch.write('file', '')
  truncateSync(stage.path('file'), maxWholeFileBytes)
  const { dataBase64 } = await stage.peer.call('fs/readFile', { path: stage.uri('file') })
  expect(dataBase64.length).toBe((maxWholeFileBytes / 3) * 4)
  truncateSync(stage.path('file'), maxWholeFileBytes + 1)
  const large = await stage.peer.request('fs/readFile', { path: stage.uri('file') })
  expect(large.error).toMatchObject({ code: -32603, data: { limit: { name: 'maxReplyBytes' } } })
  expect(large.error?.message).toContain('read it in blocks with fs/open and fs/readBlock')
  truncateSync(stage.path('file'), 512 * 1024 * 1024 + 1)
  const huge = await stage.peer.request('fs/readFile', { path: stage.uri('file') })
  expect(huge.error).toMatchObject({
    code: -32600,
    message: 'file is too large to read: limit is 536870912 bytes',
  })
})

it('tells what is missing from what is refused', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  stage.scratch.write('file', 'text')
  const errorOf = async (method: string, params: object) => (await peer.request(method, params)).error
  const missing = { code: -32004, message: 'No such file or directory (os error 2)', data: { errno: 'ENOENT' } }
  expect(await errorOf('fs/readFile', { path: uri('none') })).toEqual(missing)
  expect(await errorOf('fs/getMetadata', { path: uri('none') })).toEqual(missing)
  expect(await errorOf('fs/writeFile', { path: uri('none/file'), dataBase64: '' })).toEqual(missing)
  expect(await errorOf('fs/readDirectory', { path: uri('none') })).toEqual(missing)
  expect(await errorOf('fs/readDirectory', { path: uri('file') })).toEqual({
    code: -32603,
    message: 'Not a directory (os error 20)',
    data: { errno: 'ENOTDIR' },
  })
  expect(await errorOf('fs/readFile', { path: uri('n'.repeat(256)) })).toEqual({
    code: -32603,
    message: 'Filename too long (os error 36)',
    data: { errno: 'ENAMETOOLONG' },
  })
  expect(await errorOf('fs/readFile', { path: 'file:///C:/x' })).toEqual({
    code: -32600,
    message: "'file:///C:/x' is invalid on 'linux'",
  })
  expect(
    await errorOf('fs/readFile', { path: `file:///%00/bad/path/${Buffer.from('/a\0b').toString('base64url')}` }),
  ).toEqual({ code: -32600, message: 'file name contained an unexpected NUL byte' })
  expect(stage.gateway.fileMetrics.count('readFile', 'not_found')).toBe(1)
  expect(stage.gateway.fileMetrics.count('readDirectory', 'refused')).toBe(1)
})

it('tells of a link and of what it leads to', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  stage.scratch.write('file', '12345')
  symlinkSync('file', stage.path('link'))
  symlinkSync('none', stage.path('dangling'))
  const metadata = await peer.call('fs/getMetadata', { path: uri('link') })
  expect(metadata).toMatchObject({ isDirectory: false, isFile: true, isSymlink: true, size: 5 })
  expect(metadata.modifiedAtMs).toBeGreaterThan(0)
  expect(Number.isInteger(metadata.modifiedAtMs)).toBe(true)
  expect(await peer.call('fs/getMetadata', { path: uri('') })).toMatchObject({ isDirectory: true, isSymlink: false })
  expect((await peer.request('fs/getMetadata', { path: uri('dangling') })).error?.code).toBe(-32004)
  expect(await peer.call('fs/canonicalize', { path: uri('link') })).toEqual({ path: uri('file') })
})

it('follows no link at all when asked not to', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  plant(stage.path('tree'), { folder: { file: 'text' }, alias: { link: 'folder' }, link: { link: 'folder/file' } })
  const strictly = async (method: string, name: string, more: object = {}) => {
    const { result, error } = await peer.request(method, { path: uri(`tree/${name}`), followSymlinks: false, ...more })
    return result ?? [error?.code, error?.message]
  }
  const loop = [-32603, 'Symbolic link loop (os error 40)']
  const noDirectory = [-32603, 'Not a directory (os error 20)']
  const write = { dataBase64: base64('new') }
  expect(await strictly('fs/readFile', 'folder/file')).toEqual({ dataBase64: base64('text') })
  expect(await strictly('fs/readFile', 'link')).toEqual(loop)
  expect(await strictly('fs/readFile', 'alias/file')).toEqual(noDirectory)
  expect(await strictly('fs/readFile', 'folder')).toEqual([-32600, 'path is not a regular file'])
  expect(await strictly('fs/writeFile', 'folder/file', write)).toEqual({})
  expect(await strictly('fs/writeFile', 'link', write)).toEqual(loop)
  expect(await strictly('fs/writeFile', 'alias/new', write)).toEqual(noDirectory)
  expect(await strictly('fs/getMetadata', 'link')).toEqual([-32600, 'path contains a symbolic link'])
  expect(await strictly('fs/getMetadata', 'alias/file')).toEqual(noDirectory)
  expect(await strictly('fs/getMetadata', 'folder/file')).toMatchObject({ isFile: true, isSymlink: false })
  expect(await strictly('fs/createDirectory', 'a/b/c')).toEqual({})
  expect(await strictly('fs/createDirectory', 'a/b/c')).toEqual({})
  expect(await strictly('fs/createDirectory', 'alias/b')).toEqual(noDirectory)
  expect(await strictly('fs/createDirectory', 'alias')).toEqual(noDirectory)
  const single = { recursive: false }
  expect(await strictly('fs/createDirectory', 'alias', single)).toEqual([-32603, 'File exists (os error 17)'])
  expect(await strictly('fs/createDirectory', 'd', single)).toEqual({})
  expect(statSync(stage.path('tree/folder')).isDirectory()).toBe(true)
  expect(readFileSync(stage.path('tree/folder/file'), 'utf8')).toBe('new')
})

it('creates directories with their parents, and minds what is there', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  stage.scratch.write('file', 'text')
  await peer.call('fs/createDirectory', { path: uri('a/b/c') })
  await peer.call('fs/createDirectory', { path: uri('a/b/c'), recursive: true })
  const refusal = async (name: string, recursive: boolean) =>
    (await peer.request('fs/createDirectory', { path: uri(name), recursive })).error
  expect(await refusal('a/b', false)).toMatchObject({ code: -32603, message: 'File exists (os error 17)' })
  expect(await refusal('x/y', false)).toMatchObject({ code: -32004 })
  expect(await refusal('file', true)).toMatchObject({ code: -32603, message: 'File exists (os error 17)' })
  expect(await refusal('file/x', true)).toMatchObject({ code: -32603, message: 'Not a directory (os error 20)' })
})

it('lists what can be looked at, whatever its name', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  plant(stage.path('tree'), {
    folder: {},
    file: '',
    alias: { link: 'folder' },
    dangling: { link: 'none' },
    'tab\t\n': '',
  })
  makeFifo(stage.path('tree/fifo'))
  writeFileSync(Buffer.concat([Buffer.from(stage.path('tree/')), Buffer.from([0x6f, 0xff])]), '')
  const { entries } = await peer.call('fs/readDirectory', { path: uri('tree') })
  expect(entries.toSorted((one, other) => (one.fileName < other.fileName ? -1 : 1))).toEqual([
    { fileName: 'alias', isDirectory: true, isFile: false },
    { fileName: 'fifo', isDirectory: false, isFile: false },
    { fileName: 'file', isDirectory: false, isFile: true },
    { fileName: 'folder', isDirectory: true, isFile: false },
    { fileName: 'o\ufffd', isDirectory: false, isFile: true },
    { fileName: 'tab\t\n', isDirectory: false, isFile: true },
  ])
})

it('has a path for every name it comes across, which leads back to the file', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  mkdirSync(stage.path('tree'))
  const names = [
    Buffer.from([0xff, 0xfe]),
    Buffer.from('tab\tline\n'),
    Buffer.from('50% [a] ^ ~ {b} é'),
    Buffer.from('%41'),
  ]
  for (const name of names) writeFileSync(Buffer.concat([Buffer.from(stage.path('tree/')), name]), name)
  const options = { maxDepth: 1, maxDirectories: 1, maxEntries: 10, followDirectorySymlinks: false }
  const walked = await peer.call('fs/walk', { path: uri('tree'), options })
  expect(walked.errors).toEqual([])
  expect(walked.entries).toHaveLength(names.length)
  for (const { path } of walked.entries) {
    const parsed = PathUri.parse(path)
    expect(parsed).toMatchObject({ canonical: path })
    const { dataBase64 } = await peer.call('fs/readFile', { path })
    expect(names.some(name => name.toString('base64') === dataBase64)).toBe(true)
  }
})

it('lists a directory that may be read but not searched, and tells that a walk cannot look into it', async () => {
  using _user = asOrdinaryUser()
  await using stage = await openStage()
  const { peer, uri } = stage
  plant(stage.path('tree'), { blind: { folder: {}, file: '', link: { link: 'file' } }, last: '' })
  chmodSync(stage.path('tree/blind'), 0o600)
  using _restored = { [Symbol.dispose]: () => chmodSync(stage.path('tree/blind'), 0o700) }
  const { entries } = await peer.call('fs/readDirectory', { path: uri('tree/blind') })
  expect(entries.toSorted((one, other) => (one.fileName < other.fileName ? -1 : 1))).toEqual([
    { fileName: 'file', isDirectory: false, isFile: true },
    { fileName: 'folder', isDirectory: true, isFile: false },
  ])
  for (const followDirectorySymlinks of [false, true]) {
    const options = { maxDepth: 4, maxDirectories: 10, maxEntries: 10, followDirectorySymlinks }
    expect(await peer.call('fs/walk', { path: uri('tree'), options })).toEqual({
      entries: [
        { path: uri('tree/blind'), kind: 'directory' },
        { path: uri('tree/last'), kind: 'file' },
      ],
      errors: [{ path: uri('tree/blind'), message: 'Permission denied (os error 13)' }],
      truncated: false,
    })
  }
})

it('tells which directories of a walk cannot be read, and walks on', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  plant(stage.path('tree'), { a: { b: {} }, c: { d: '' } })
  const walk = (more: object = {}) =>
    peer.request('fs/walk', {
      path: uri('tree'),
      options: { maxDepth: 4, maxDirectories: 10, maxEntries: 10, followDirectorySymlinks: false, ...more },
    })
  expect((await walk()).result).toEqual({
    entries: [
      { path: uri('tree/a'), kind: 'directory' },
      { path: uri('tree/c'), kind: 'directory' },
      { path: uri('tree/a/b'), kind: 'directory' },
      { path: uri('tree/c/d'), kind: 'file' },
    ],
    errors: [],
    truncated: false,
  })
  expect((await walk({ maxEntries: 0 })).error?.message).toBe('filesystem walk limits must be greater than zero')
  expect((await walk({ maxDepth: 65 })).error?.message).toBe(
    'filesystem walk limits exceed maximums: depth=64, directories=10000, entries=50000',
  )
  expect((await walk({ maxDepth: 0, maxDirectories: 1 })).result).toMatchObject({ truncated: false })
})

it('cuts a walk off before its reply grows too long', async () => {
  await using stage = await openStage()
  mkdirSync(stage.path('tree'))
  // Each takes 64 and about 780 of the four million: every byte of the name is escaped.
  for (let index = 0; index < 6000; index++) {
    writeFileSync(stage.path(`tree/${String(index).padStart(5, '0')}${'é'.repeat(120)}`), '')
  }
  const options = { maxDepth: 1, maxDirectories: 1, maxEntries: 50_000, followDirectorySymlinks: false }
  const { entries, truncated } = await stage.peer.call('fs/walk', { path: stage.uri('tree'), options })
  expect(truncated).toBe(true)
  const charged = entries.reduce((sum, { path }) => sum + 64 + path.length, 0)
  expect(charged).toBeLessThanOrEqual(4 * 1024 * 1024)
  expect(charged + 64 + (entries[0]?.path.length ?? 0)).toBeGreaterThan(4 * 1024 * 1024)
})

it('touches nothing for a caller it would have to confine', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  stage.scratch.write('file', 'text')
  const options = { maxDepth: 1, maxDirectories: 1, maxEntries: 1, followDirectorySymlinks: false }
  const requests: [string, object][] = [
    ['fs/readFile', { path: uri('file') }],
    ['fs/writeFile', { path: uri('made'), dataBase64: '' }],
    ['fs/createDirectory', { path: uri('made') }],
    ['fs/getMetadata', { path: uri('file') }],
    ['fs/canonicalize', { path: uri('file') }],
    ['fs/readDirectory', { path: uri('') }],
    ['fs/walk', { path: uri(''), options }],
    ['fs/remove', { path: uri('file') }],
    ['fs/copy', { sourcePath: uri('file'), destinationPath: uri('made'), recursive: false }],
  ]
  for (const [method, params] of requests) {
    const { error } = await peer.request(method, { ...params, sandbox: confined })
    expect(error, method).toMatchObject({
      code: -32600,
      message: 'file access is not permitted: sandbox intent cannot be enforced on this executor',
      data: { field: 'sandbox' },
    })
  }
  const opened = await peer.request('fs/open', { handleId: 'h', path: uri('file'), sandbox: confined })
  expect(opened.error).toMatchObject({
    code: -32600,
    message: 'streaming file reads do not support platform sandboxing',
  })
  expect((await peer.call('fs/readDirectory', { path: uri('') })).entries).toHaveLength(1)
  const free = { permissions: { type: 'disabled' }, windowsSandboxLevel: 'disabled' } as const
  await peer.call('fs/writeFile', { path: uri('made'), dataBase64: '', sandbox: free })
})

it('replaces a file atomically when asked to, where no link may be followed too', async () => {
  await using stage = await openStage()
  for (const followSymlinks of [true, false]) {
    stage.scratch.write('file', 'old', 0o640)
    const { ino } = statSync(stage.path('file'))
    const request = { path: stage.uri('file'), dataBase64: base64('new'), atomic: true, followSymlinks }
    await stage.peer.call('fs/writeFile', request)
    expect(readFileSync(stage.path('file'), 'utf8')).toBe('new')
    expect(statSync(stage.path('file')).ino).not.toBe(ino)
    expect(statSync(stage.path('file')).mode & 0o7777).toBe(0o640)
  }
})

it('keeps what follows a change behind it, and everything else beside it', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`)
  const replies = texts.map(async text => {
    void peer.call('fs/writeFile', { path: uri('file'), dataBase64: base64(text) })
    const { dataBase64 } = await peer.call('fs/readFile', { path: uri('file') })
    return Buffer.from(dataBase64, 'base64').toString()
  })
  expect(await Promise.all(replies)).toEqual(texts)
})

it('says what the operating system does not permit', async () => {
  await using stage = await openStage()
  stage.scratch.write('tree/file', 'text')
  chmodSync(stage.path('tree'), 0o555)
  const { error } = await stage.peer.request('fs/remove', { path: 'file:///proc/self/status', recursive: false })
  expect(error).toMatchObject({ code: -32600, message: 'Operation not permitted (os error 1)' })
})

it('changes nothing on a gateway that only reads, and says so beforehand', async () => {
  await using gateway = await startGateway({ limits: { fileMode: 'read-only' } })
  using scratch = new ScratchFolder()
  scratch.write('file', 'text')
  const peer = await gateway.connect()
  const path = `${scratch.uri}/file`
  expect(await peer.call('fs/readFile', { path })).toEqual({ dataBase64: base64('text') })
  const changes: [string, object][] = [
    ['fs/writeFile', { path, dataBase64: '' }],
    ['fs/open', { handleId: 'w', path, mode: 'replace' }],
    ['fs/createDirectory', { path: `${scratch.uri}/made` }],
    ['fs/remove', { path }],
    ['fs/copy', { sourcePath: path, destinationPath: `${scratch.uri}/made`, recursive: false }],
  ]
  for (const [method, params] of changes) {
    const { error } = await peer.request(method, params)
    expect(error, method).toEqual({
      code: -32603,
      message: 'Read-only file system (os error 30)',
      data: { errno: 'EROFS', option: 'files' },
    })
  }
  expect(readFileSync(join(scratch.path, 'file'), 'utf8')).toBe('text')
  const { capabilities } = await peer.call('environment/info', null)
  expect(capabilities).toMatchObject({ fsWatchMissing: true, fileWriteStreaming: false })
})

it('gates files like everything else', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.open()
  const early = await peer.request('fs/readFile', { path: 'file:///x' })
  expect(early.error).toMatchObject({
    code: -32600,
    message: 'client must call initialize before using filesystem methods',
  })
})
