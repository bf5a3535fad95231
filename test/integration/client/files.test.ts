import { createHash, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ExecClient } from '../../../src/client/execgate-client.ts'
import { CuttingProxy } from '../../support/cutting-proxy.ts'
import { eventually } from '../../support/eventually.ts'
import { failureOf } from '../../support/failure-of.ts'
import { ScratchFolder } from '../../support/scratch-folder.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'
import { startGateway } from '../../support/start-gateway.ts'

const mebibyte = 1024 * 1024
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const folder = acquired.use(new ScratchFolder())
  const { gateway, url } = acquired.use(await startGateway())
  const proxy = acquired.use(await CuttingProxy.open(url))
  const client = acquired.use(await ExecClient.connect(proxy.url, { retryMs: 10 }))
  const owned = acquired.move()
  return {
    client,
    files: client.files,
    proxy,
    at: (name: string) => join(folder.path, name),
    /** Resolves when the gateway has no file open. */
    allClosed: () => eventually(() => gateway.ledger.active('file_handle') === 0, 'no file was open'),
    openCount: () => gateway.ledger.active('file_handle'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

describe('whole files', () => {
  const sizes = [0, 1, mebibyte, mebibyte + 1, 64 * mebibyte]
  it.each(sizes)('are written and read, %i bytes', { timeout: 60_000 }, async size => {
    await using stage = await openStage()
    const { files, at } = stage
    const data = randomBytes(size)
    await files.write(at('file'), data)
    expect(sha256(readFileSync(at('file')))).toBe(sha256(data))
    expect(sha256(await files.read(pathToFileURL(at('file'))))).toBe(sha256(data))
    await stage.allClosed()
  })

  it('are text', async () => {
    await using stage = await openStage()
    await stage.files.write(stage.at('ä b'), 'grüß dich\n')
    expect(await stage.files.readText(stage.at('ä b'))).toBe('grüß dich\n')
  })

  it('are refused beyond the bound of the caller', async () => {
    await using stage = await openStage()
    writeFileSync(stage.at('file'), 'x'.repeat(11))
    await expect(stage.files.read(stage.at('file'), { maxBytes: 10 })).rejects.toMatchObject({
      kind: 'limitReached',
      data: { limit: { name: 'maxBytes', value: 10 } },
    })
    expect(await stage.files.read(stage.at('file'), { maxBytes: 11 })).toHaveLength(11)
  })
})

describe('streams', () => {
  it('carry a file up and down', async () => {
    await using stage = await openStage()
    const { files, at } = stage
    const data = randomBytes(5 * mebibyte + 7)
    const sink = files.writeStream(at('file')).getWriter()
    for (let offset = 0; offset < data.length; offset += 65_537)
      await sink.write(data.subarray(offset, offset + 65_537))
    await sink.close()
    const hash = createHash('sha256')
    for await (const bytes of files.readStream(at('file'))) hash.update(bytes)
    expect(hash.digest('hex')).toBe(sha256(data))
    expect(sha256(readFileSync(at('file')))).toBe(sha256(data))
    await stage.allClosed()
  })

  it('read on where they were when the connection breaks', async () => {
    await using stage = await openStage()
    const data = randomBytes(12 * mebibyte)
    writeFileSync(stage.at('file'), data)
    const hash = createHash('sha256')
    let count = 0
    for await (const bytes of stage.files.readStream(stage.at('file'))) {
      hash.update(bytes)
      count += 1
      if (count === 3 || count === 7) await stage.proxy.cut()
    }
    expect(hash.digest('hex')).toBe(sha256(data))
    await stage.allClosed()
  })

  it('fail when the file has changed while the connection was away', async () => {
    await using stage = await openStage()
    writeFileSync(stage.at('file'), randomBytes(8 * mebibyte))
    const reader = stage.files.readStream(stage.at('file')).getReader()
    await reader.read()
    appendFileSync(stage.at('file'), 'more')
    await stage.proxy.cut()
    const drain = async () => {
      while (!(await reader.read()).done);
    }
    await expect(drain()).rejects.toMatchObject({
      kind: 'disconnected',
      message: expect.stringContaining('has changed since') as string,
    })
    await stage.allClosed()
  })

  it('fail when another file of the same size and age took its place while the connection was away', async () => {
    await using stage = await openStage()
    const { at } = stage
    for (const name of ['file', 'other']) {
      writeFileSync(at(name), randomBytes(8 * mebibyte))
      utimesSync(at(name), 1, 1)
      await eventually(() => Date.now() > statSync(at(name)).birthtimeMs + 1, 'the next file has another time of birth')
    }
    const reader = stage.files.readStream(at('file')).getReader()
    await reader.read()
    renameSync(at('other'), at('file'))
    await stage.proxy.cut()
    const drain = async () => {
      while (!(await reader.read()).done);
    }
    await expect(drain()).rejects.toThrow('has changed since')
    await stage.allClosed()
  })

  it('fail to write on after the connection broke, and say how far they came', async () => {
    await using stage = await openStage()
    const writer = stage.files.writeStream(stage.at('file')).getWriter()
    const closed = failureOf(writer.closed)
    await writer.write(randomBytes(mebibyte))
    await stage.proxy.cut()
    await expect(writer.write(randomBytes(mebibyte))).rejects.toMatchObject({
      kind: 'disconnected',
      message: expect.stringContaining(`broke after ${mebibyte} bytes`) as string,
    })
    expect(await closed).toMatchObject({ kind: 'disconnected' })
    await stage.allClosed()
  })

  it('read one block ahead of what is taken and no more', async () => {
    await using stage = await openStage()
    writeFileSync(stage.at('file'), randomBytes(4 * mebibyte))
    const stream = stage.files.readStream(stage.at('file'))
    const reader = stream.getReader()
    await reader.read()
    // All that would be read on its own is read meanwhile, and the file closed at its end.
    for (let turn = 0; turn < 20; turn++) await stage.client.call('environment/status', null)
    expect(stage.openCount()).toBe(1)
    await reader.cancel()
    await stage.allClosed()
  })

  it('close their files when they are aborted', async () => {
    await using stage = await openStage()
    writeFileSync(stage.at('file'), randomBytes(4 * mebibyte))
    const abort = new AbortController()
    const reason = new Error('enough')
    const reader = stage.files.readStream(stage.at('file'), { signal: abort.signal }).getReader()
    const writer = stage.files.writeStream(stage.at('copy'), { signal: abort.signal }).getWriter()
    const closed = failureOf(writer.closed)
    await writer.write(randomBytes(mebibyte))
    await reader.read()
    expect(stage.openCount()).toBe(2)
    abort.abort(reason)
    expect(await failureOf(reader.read())).toBe(reason)
    expect(await failureOf(writer.write('more'))).toBe(reason)
    expect(await closed).toBe(reason)
    await stage.allClosed()
  })

  it('close a file that comes to be open after the abort', async () => {
    await using stage = await openStage()
    // Reading it all takes longer than noticing that it is open.
    writeFileSync(stage.at('file'), '')
    truncateSync(stage.at('file'), 64 * mebibyte)
    const abort = new AbortController()
    const reading = failureOf(stage.files.read(stage.at('file'), { signal: abort.signal }))
    await eventually(() => stage.openCount() === 1, 'the file was open')
    abort.abort(new Error('enough'))
    expect(await reading).toMatchObject({ message: 'enough' })
    const writer = stage.files.writeStream(stage.at('file')).getWriter()
    await writer.abort(new Error('enough'))
    await failureOf(writer.closed)
    await stage.allClosed()
  })
})

it('lists, walks, looks at, copies and removes', async () => {
  await using stage = await openStage()
  const { files, at } = stage
  await files.makeDirectory(at('tree/inner'))
  await files.write(at('tree/inner/file'), 'abc')
  expect(await files.list(at('tree'))).toEqual([{ name: 'inner', isDirectory: true, isFile: false }])
  await files.copy(at('tree'), at('copy'))
  expect(await files.walk(at('copy'))).toEqual({
    entries: [
      { path: pathToFileURL(at('copy/inner')).href, kind: 'directory' },
      { path: pathToFileURL(at('copy/inner/file')).href, kind: 'file' },
    ],
    errors: [],
    truncated: false,
  })
  expect(await files.walk(at('copy'), { maxEntries: 1 })).toMatchObject({ truncated: true })
  expect(await files.stat(at('copy/inner/file'))).toMatchObject({ isFile: true, size: 3 })
  await expect(files.remove(at('copy'))).rejects.toMatchObject({ kind: 'refused' })
  await files.remove(at('copy'), { recursive: true })
  expect(await files.exists(at('copy'))).toBe(false)
  expect(await files.exists(at('tree'))).toBe(true)
  await files.remove(at('copy'), { force: true })
})

it('moves files, directories and links, and nothing onto itself', async () => {
  await using stage = await openStage()
  const { files, at } = stage
  await files.makeDirectory(at('tree/inner'))
  await files.write(at('tree/inner/file'), 'abc')
  symlinkSync('file', at('tree/inner/link'))
  await files.move(at('tree'), at('moved'))
  expect(readdirSync(stage.at(''))).toEqual(['moved'])
  expect(readlinkSync(at('moved/inner/link'))).toBe('file')
  await files.write(at('old'), 'old')
  await files.move(at('moved/inner/file'), at('old'))
  expect(readFileSync(at('old'), 'utf8')).toBe('abc')
  symlinkSync('old', at('same'))
  for (const [source, destination] of [
    ['old', 'old'],
    ['old', 'same'],
    ['same', 'old'],
  ] as const) {
    await expect(files.move(at(source), at(destination))).rejects.toMatchObject({ kind: 'refused' })
  }
  expect(readFileSync(at('same'), 'utf8')).toBe('abc')
  await expect(files.move(at('missing'), at('there'))).rejects.toMatchObject({ kind: 'notFound' })
})

it('moves nothing over what it is in', async () => {
  await using stage = await openStage()
  const { files, at } = stage
  await files.makeDirectory(at('outer/inner/inner'))
  await files.write(at('outer/inner/inner/file'), 'abc')
  symlinkSync('outer', at('link'))
  for (const destination of ['outer', 'link']) {
    await expect(files.move(at('outer/inner'), at(destination))).rejects.toMatchObject({ kind: 'refused' })
  }
  await expect(files.move(at('outer'), '/')).rejects.toMatchObject({ kind: 'refused' })
  expect(readFileSync(at('outer/inner/inner/file'), 'utf8')).toBe('abc')
  await files.write(at('outer/inner-2'), 'def')
  await files.move(at('outer/inner-2'), at('outer/inner/moved'))
  expect(readdirSync(at('outer'))).toEqual(['inner'])
})

it.each([new ArrayBuffer(3), new DataView(new ArrayBuffer(3)), 3])(
  'empties no file for what is neither text nor bytes: %o',
  async given => {
    await using stage = await openStage()
    const { files, at } = stage
    await files.write(at('file'), 'before')
    const data = given as unknown as Uint8Array
    await expect(files.write(at('file'), data)).rejects.toMatchObject({ kind: 'invalidParams' })
    expect(readFileSync(at('file'), 'utf8')).toBe('before')
    const writer = files.writeStream(at('other')).getWriter()
    const closed = failureOf(writer.closed)
    await expect(writer.write(data)).rejects.toMatchObject({ kind: 'invalidParams' })
    expect(await closed).toMatchObject({ kind: 'invalidParams' })
    await stage.allClosed()
  },
)

it('tells what is wrong by kinds', async () => {
  await using stage = await openStage()
  const { files, at } = stage
  const missing = at('missing')
  const nothingThere = { kind: 'notFound', message: expect.stringContaining('No such file or directory') as string }
  await expect(files.read(missing)).rejects.toMatchObject(nothingThere)
  await expect(files.stat(missing)).rejects.toMatchObject(nothingThere)
  await expect(files.remove(missing)).rejects.toMatchObject(nothingThere)
  await expect(files.readStream(missing).getReader().read()).rejects.toMatchObject(nothingThere)
  await expect(files.write(at('no/such/place'), 'x')).rejects.toMatchObject(nothingThere)
  const writer = files.writeStream(at('no/such/place')).getWriter()
  const closed = failureOf(writer.closed)
  await expect(writer.write('x')).rejects.toMatchObject(nothingThere)
  expect(await closed).toMatchObject(nothingThere)
  await expect(files.read('relative')).rejects.toMatchObject({ kind: 'invalidParams' })
})

it('gives up the block under way when a stream is aborted', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  const capabilities = { fileWriteStreaming: true }
  await connection.greets('session-1', { environmentInfo: { shell: { name: 'sh', path: '/bin/sh' }, capabilities } })
  await using client = await connecting
  const writer = client.files.writeStream('/there/file').getWriter()
  const closed = failureOf(writer.closed)
  const open = await connection.takes('fs/open')
  connection.replies(open, { handleId: open.params.handleId as string })
  const writing = failureOf(writer.write(Buffer.alloc(mebibyte)))
  await connection.takes('fs/writeBlock')
  await writer.abort(new Error('enough'))
  expect(await writing).toMatchObject({ message: 'enough' })
  expect(await closed).toMatchObject({ message: 'enough' })
  connection.replies(await connection.takes('fs/close'), {})
})

it('gives up a file at a server that never describes itself', async () => {
  await using server = await ScriptedServer.open()
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  await connection.greets('session-1', {})
  await using client = await connecting
  const abort = new AbortController()
  const options = { signal: abort.signal }
  const writing = failureOf(client.files.write('/there/file', Buffer.alloc(2 * mebibyte), options))
  await connection.takes('environment/info')
  abort.abort(new Error('enough'))
  expect(await writing).toMatchObject({ message: 'enough' })
})
