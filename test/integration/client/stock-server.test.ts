import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { ExecClient, type TransferProgress } from '../../../src/client/execgate-client.ts'
import { CuttingProxy } from '../../support/cutting-proxy.ts'
import { failureOf } from '../../support/failure-of.ts'
import { Gate } from '../../support/gate.ts'
import { numberedLines } from '../../support/numbered-lines.ts'
import { ScratchFolder } from '../../support/scratch-folder.ts'
import { WebServer } from '../../support/web-server.ts'
import { untilPrinted } from '../../support/until-printed.ts'

/** The program of the reference, which is not part of this repository: `EXECGATE_STOCK=/path/to/codex`. */
const stock = process.env['EXECGATE_STOCK']
const absence = stock === undefined ? ' (skipped: EXECGATE_STOCK names no codex program)' : ''

/** The reference server on a free port, behind a proxy that cuts. */
async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const server = spawn(stock ?? '', ['exec-server', '--listen', 'ws://127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  acquired.defer(async () => {
    const exited = once(server, 'exit')
    server.kill('SIGTERM')
    await exited
  })
  const lines = createInterface({ input: server.stdout })
  const [url] = (await once(lines, 'line')) as [string]
  const proxy = acquired.use(await CuttingProxy.open(url))
  const client = acquired.use(await ExecClient.connect(proxy.url, { retryMs: 20 }))
  const owned = acquired.move()
  return { client, proxy, url, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

describe.skipIf(stock === undefined)(`a client of the stock server${absence}`, () => {
  it('runs commands', async () => {
    await using stage = await openStage()
    expect(await stage.client.exec('echo out; echo err >&2; exit 7')).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 7,
      sandboxDenied: false,
      receipt: undefined,
    })
    await expect(stage.client.exec(['/no/such/program'])).rejects.toMatchObject({ kind: 'refused' })
    await expect(stage.client.exec(['cat'], { input: 'x' })).rejects.toMatchObject({ kind: 'unsupported' })
    expect(await stage.client.call('environment/status', null)).toEqual({ status: 'ready' })
  })

  it('copies a directory there and back, and goes on after outages', async () => {
    await using stage = await openStage()
    using folder = new ScratchFolder()
    const { files } = stage.client
    const at = (name: string) => join(folder.path, name)
    mkdirSync(at('here/empty'), { recursive: true })
    writeFileSync(at('here/small'), 'small')
    writeFileSync(at('here/large'), randomBytes(12 * 1024 * 1024))
    symlinkSync('small', at('here/link'))
    const cutting = () => {
      let cuts = 0
      return ({ bytes }: TransferProgress) => {
        if (bytes < (cuts + 1) * 4 * 1024 * 1024 || cuts === 2) return
        cuts += 1
        void stage.proxy.cut()
      }
    }
    const counts = { files: 2, keptBytes: 0 }
    expect(await files.uploadDirectory(at('here'), at('there'), { progress: cutting() })).toMatchObject({
      ...counts,
      leftOut: 1,
    })
    symlinkSync('small', at('there/link'))
    expect(await files.downloadDirectory(at('there'), at('back'), { progress: cutting() })).toMatchObject({
      ...counts,
      leftOut: 1,
    })
    for (const name of ['small', 'large']) {
      expect(readFileSync(at(`back/${name}`)).equals(readFileSync(at(`here/${name}`)))).toBe(true)
    }
    expect(readdirSync(at('back'))).toEqual(['empty', 'large', 'small'])
    expect(readdirSync(at('there'))).toEqual(['empty', 'large', 'link', 'small'])
  })

  it('says that it does not watch', async () => {
    await using stage = await openStage()
    await expect(stage.client.files.watch('/tmp')).rejects.toMatchObject({ kind: 'unsupported' })
  })

  it('reads and writes files, and reads on after an outage', async () => {
    await using stage = await openStage()
    using folder = new ScratchFolder()
    const { files } = stage.client
    const path = join(folder.path, 'file')
    const data = randomBytes(9 * 1024 * 1024)
    await files.write(path, data)
    expect((await files.read(path)).equals(data)).toBe(true)
    const blocks: Uint8Array[] = []
    for await (const bytes of files.readStream(path)) {
      blocks.push(bytes)
      if (blocks.length === 3) await stage.proxy.cut()
    }
    expect(Buffer.concat(blocks).equals(data)).toBe(true)
    const writer = files.writeStream(path).getWriter()
    await writer.write('short')
    await writer.close()
    expect(await files.readText(path)).toBe('short')
    await expect(files.stat(join(folder.path, 'missing'))).rejects.toMatchObject({ kind: 'notFound' })
    expect(await files.list(folder.path)).toEqual([{ name: 'file', isDirectory: false, isFile: true }])
  })

  it('takes every byte of a large output', async () => {
    await using stage = await openStage()
    const { stdoutBytes } = await stage.client.exec(['seq', '1', '300000'])
    expect(stdoutBytes.equals(numberedLines(1, 300_000))).toBe(true)
  })

  it('writes, interrupts, kills', async () => {
    await using stage = await openStage()
    const script = 'trap "echo got INT; exit 3" INT; read line; echo "$line"; while :; do sleep 0.05; done'
    await using process = await stage.client.start(script, { stdin: 'pipe' })
    await process.stdin.getWriter().write('hello\n')
    await untilPrinted(process, 'hello')
    await process.interrupt()
    expect(await process.wait()).toMatchObject({ exitCode: 3 })
    await using sleeping = await stage.client.start(['sleep', '60'])
    expect(await sleeping.kill()).toBe(true)
    expect((await sleeping.wait()).exitCode).not.toBe(0)
  })

  it('types the end of the input in a terminal', async () => {
    await using stage = await openStage()
    await using process = await stage.client.start(['cat'], { tty: true })
    const writer = process.stdin.getWriter()
    await writer.write('typed\n')
    await untilPrinted(process, 'typed\r\ntyped\r\n')
    await writer.close()
    expect(await process.wait()).toMatchObject({ exitCode: 0 })
  })

  it('loses nothing in an outage', async () => {
    await using stage = await openStage()
    using gate = new Gate()
    await using process = await stage.client.start(`echo before; read go < ${gate.path}; seq 1 1000; exit 7`)
    await untilPrinted(process, 'before')
    await stage.proxy.goDown()
    await stage.proxy.refused(2)
    await gate.open()
    stage.proxy.comeUp()
    const text = await Array.fromAsync(process.output, ({ bytes }) => bytes.toString())
    expect(text.join('')).toBe(`before\n${numberedLines(1, 1000).toString()}`)
    expect(await process.wait()).toMatchObject({ exitCode: 7 })
  })

  it('fetches, streams a large body, and fails one in an outage', async () => {
    await using stage = await openStage()
    const bytes = numberedLines(1, 300_000)
    await using web = await WebServer.start(({ path }, _incoming, response) => {
      if (path === '/large') response.end(bytes)
      else response.write('begun')
    })
    const large = await stage.client.fetch(web.url('/large'))
    expect(bytes.equals(await large.bytes())).toBe(true)
    const { body } = await stage.client.fetch(web.url('/endless'))
    const reader = body?.getReader()
    expect(String((await reader?.read())?.value)).toBe('begun')
    const rest = failureOf(reader?.read() ?? Promise.resolve())
    await stage.proxy.cut()
    expect(await rest).toMatchObject({ kind: 'disconnected' })
    expect((await stage.client.fetch(web.url('/large'))).status).toBe(200)
  })
})
