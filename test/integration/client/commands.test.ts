import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { ExecClient } from '../../../src/client/execgate-client.ts'
import { CuttingProxy } from '../../support/cutting-proxy.ts'
import { Gate } from '../../support/gate.ts'
import { numberedLines } from '../../support/numbered-lines.ts'
import { untilStill } from '../../support/until-still.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { untilPrinted } from '../../support/until-printed.ts'

/** A client of a gateway in this process. */
async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const gateway = acquired.use(await startGateway())
  const proxy = acquired.use(await CuttingProxy.open(gateway.url))
  const client = acquired.use(await ExecClient.connect(proxy.url, { retryMs: 5 }))
  const owned = acquired.move()
  return { gateway, proxy, client, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

it('runs a command and tells what it wrote, how it ended and what it took', async () => {
  await using stage = await openStage()
  const result = await stage.client.exec(['/bin/sh', '-c', 'echo out; echo err >&2; exit 7'])
  expect(result).toMatchObject({
    stdout: 'out\n',
    stderr: 'err\n',
    exitCode: 7,
    sandboxDenied: false,
    receipt: { cause: 'exit', signal: null, outputBytes: { stdout: 4, stderr: 4 } },
  })
})

it('runs a line of shell', async () => {
  await using stage = await openStage()
  expect((await stage.client.exec('echo $((6*7)) | tr 4 5')).stdout).toBe('52\n')
})

it('runs where and with what it is told', async () => {
  await using stage = await openStage()
  const where = await stage.client.exec('pwd; echo $A', { cwd: '/usr/bin/../lib', env: { A: 'ä' } })
  expect(where.stdout).toBe('/usr/lib\nä\n')
  expect((await stage.client.exec(['pwd'], { cwd: 'file:///tmp' })).stdout).toBe('/tmp\n')
  expect((await stage.client.exec(['/usr/bin/env'], { env: { A: '1' }, envPolicy: 'none' })).stdout).toBe('A=1\n')
})

it('takes every byte of a large output', async () => {
  await using stage = await openStage()
  const { stdoutBytes } = await stage.client.exec(['seq', '1', '700000'])
  expect(stdoutBytes.equals(numberedLines(1, 700_000))).toBe(true)
})

it('feeds a command and tells it the end of its input', async () => {
  await using stage = await openStage()
  const input = Buffer.alloc(3_000_000, 'input that is larger than one message takes. ')
  const { stdout } = await stage.client.exec(['sha256sum'], { input })
  expect(stdout).toBe(`${createHash('sha256').update(input).digest('hex')}  -\n`)
})

it('feeds a command that does not want to know', async () => {
  await using stage = await openStage()
  expect(await stage.client.exec(['true'], { input: 'x'.repeat(100_000) })).toMatchObject({ exitCode: 0 })
})

it('talks to a command through streams', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start(['cat'], { stdin: 'pipe' })
  const writer = process.stdin.getWriter()
  await writer.write('hello ')
  await writer.write(Buffer.from('you'))
  await untilPrinted(process, 'hello you')
  await writer.close()
  expect(await process.wait()).toMatchObject({ exitCode: 0 })
})

it('tells that the input of a command is closed', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start(['true'])
  await process.wait()
  await expect(process.stdin.getWriter().write('x')).rejects.toMatchObject({ kind: 'refused' })
})

it('runs a command in a terminal, and types the end of its input', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start('test -t 0 && stty size; cat', { tty: true })
  await untilPrinted(process, '24 80')
  const writer = process.stdin.getWriter()
  await writer.write('typed\n')
  await untilPrinted(process, 'typed\r\ntyped\r\n')
  await writer.close()
  expect(await process.wait()).toMatchObject({ exitCode: 0 })
})

it('interrupts a command', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start(
    'trap "echo got INT; exit 7" INT; echo ready; while :; do sleep 0.05; done',
  )
  await untilPrinted(process, 'ready')
  await process.interrupt()
  await untilPrinted(process, 'got INT')
  expect(await process.wait()).toMatchObject({ exitCode: 7 })
})

it('kills a command, once', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start(['sleep', '60'])
  expect(await process.kill()).toBe(true)
  expect(await process.wait()).toMatchObject({ exitCode: 137, receipt: { cause: 'terminated' } })
  expect(await process.kill()).toBe(false)
})

it('kills what runs when it is disposed, and when the client is', async () => {
  await using gateway = await startGateway()
  {
    await using client = await ExecClient.connect(gateway.url)
    {
      await using process = await client.start(['sleep', '60'])
      expect(process.isClosed).toBe(false)
      expect(gateway.gateway.processMetrics.active).toBe(1)
    }
    expect(gateway.gateway.processMetrics.active).toBe(0)
    await client.start(['sleep', '60'])
  }
  expect(gateway.gateway.processMetrics.active).toBe(0)
})

it('leaves what runs to a client that comes later', async () => {
  await using gateway = await startGateway()
  const first = await ExecClient.connect(gateway.url)
  const process = await first.start(['cat'], { stdin: 'pipe', processId: 'p' })
  await first.detach()
  await expect(process.wait()).rejects.toMatchObject({ kind: 'sessionLost' })
  await using second = await ExecClient.connect(gateway.url, { resumeSessionId: first.sessionId })
  expect(await second.call('process/read', { processId: 'p' })).toMatchObject({ exited: false })
  await second.call('process/terminate', { processId: 'p' })
})

it('says why a command cannot be started', async () => {
  await using stage = await openStage()
  await expect(stage.client.exec(['/no/such/program'])).rejects.toMatchObject({
    kind: 'refused',
    message: 'exec-server rejected request (-32603): No such file or directory (os error 2)',
  })
})

it('gives up waiting without ending the command', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start(['cat'], { stdin: 'pipe' })
  const abort = new AbortController()
  const waiting = process.wait(abort.signal)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await process.stdin.close()
  expect(await process.wait()).toMatchObject({ exitCode: 0 })
})

it('ends the wait with the exit, and the output with the last who holds it', async () => {
  await using stage = await openStage()
  using gate = new Gate()
  await using process = await stage.client.start(`(read go < ${gate.path}; echo late) & echo early`)
  expect(await process.wait()).toMatchObject({ exitCode: 0 })
  expect(process.isClosed).toBe(false)
  const text = Array.fromAsync(process.output, ({ bytes }) => bytes.toString())
  await gate.open()
  expect((await text).join('')).toBe('early\nlate\n')
})

it('goes on after outages with the output of what ran meanwhile', async () => {
  await using stage = await openStage()
  using gate = new Gate()
  await using process = await stage.client.start(`echo before; read go < ${gate.path}; echo during; exit 7`)
  await untilPrinted(process, 'before')
  await stage.proxy.goDown()
  await stage.proxy.refused(2)
  await gate.open()
  stage.proxy.comeUp()
  const text = await Array.fromAsync(process.output, ({ bytes }) => bytes.toString())
  expect(text.join('')).toBe('before\nduring\n')
  expect(await process.wait()).toMatchObject({ exitCode: 7 })
  expect(stage.client.state).toBe('connected')
})

it('holds a command back for a slow reader that must not lose anything', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start(['seq', '1', '3000000'], {
    holdsConnection: true,
    bufferBytes: 100_000,
  })
  const reader = process.output[Symbol.asyncIterator]()
  const pieces = [(await reader.next()).value?.bytes ?? Buffer.alloc(0)]
  // Nothing is taken until no more comes: far more than client and gateway keep for a reader.
  await untilStill(() => stage.proxy.link.passedBytes('down'))
  expect(stage.proxy.link.passedBytes('down')).toBeLessThan(15_000_000)
  for (let next = await reader.next(); next.done !== true; next = await reader.next()) pieces.push(next.value.bytes)
  expect(Buffer.concat(pieces).equals(numberedLines(1, 3_000_000))).toBe(true)
  expect(await process.wait()).toMatchObject({ exitCode: 0 })
})

it('goes on with a reader that holds the connection back when it breaks', async () => {
  await using stage = await openStage()
  await using process = await stage.client.start(['seq', '1', '3000000'], {
    holdsConnection: true,
    bufferBytes: 100_000,
  })
  const reader = process.output[Symbol.asyncIterator]()
  const pieces = [(await reader.next()).value?.bytes ?? Buffer.alloc(0)]
  await untilStill(() => stage.proxy.link.passedBytes('down'))
  await stage.proxy.cut()
  for (let next = await reader.next(); next.done !== true; next = await reader.next()) pieces.push(next.value.bytes)
  expect(Buffer.concat(pieces).equals(numberedLines(1, 3_000_000))).toBe(true)
})

it('may be used by many at once', async () => {
  await using stage = await openStage()
  const results = await Promise.all(Array.from({ length: 40 }, (_, index) => stage.client.exec(['echo', `${index}`])))
  expect(results.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 40 }, (_, index) => `${index}\n`))
})
