import { describe, expect, test } from 'vitest'
import type { ForeignProcess } from '../support/foreign-process.ts'
import { plain, startFound } from '../support/found-process.ts'
import { LinePeer } from '../support/line-peer.ts'
import { Program } from '../support/program.ts'

const stdio = ['exec-server', '--listen', 'stdio'] as const

const orderlyEnd = { status: 0, signal: null, stderr: '' }

async function shakenHands(program: Program): Promise<LinePeer> {
  const peer = new LinePeer(program)
  await peer.shakeHands()
  return peer
}

test.each(['stdio', 'stdio://'])('%s serves its streams and ends with them', async url => {
  await using program = Program.start(['exec-server', '--listen', url])
  const peer = await shakenHands(program)
  expect(peer.sessionId).not.toBe('')
  expect(await peer.run('short', 'echo hello; exit 7')).toMatchObject({ exitCode: 7, stdout: 'hello\n' })
  using sleeper = await startFound(peer, 'p', plain)
  peer.end()
  expect(await program.ended).toMatchObject(orderlyEnd)
  await sleeper.gone()
})

test('serve takes standard streams, too', async () => {
  await using program = Program.start(['serve', '--listen', 'stdio'])
  const peer = await shakenHands(program)
  expect(await peer.run('p', 'echo hello')).toMatchObject({ stdout: 'hello\n' })
  peer.end()
  expect(await program.ended).toMatchObject({ status: 0 })
})

test.each([
  ['by default', {}],
  [
    'however much OpenTelemetry is to say',
    { OTEL_LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
  ],
])('nothing but messages goes to standard output %s', async (_when, env) => {
  await using program = Program.start(stdio, { env })
  const peer = await shakenHands(program)
  await peer.run('p', 'echo out; echo err >&2')
  peer.end()
  const { stdout } = await program.ended
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(peer.received.length)
  for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object')
})

test('a last line without its end is answered', async () => {
  await using program = Program.start(stdio)
  const peer = new LinePeer(program)
  program.stdin.end('{"id":1,"method":"initialize","params":{"clientName":"test"}}')
  expect(await peer.until(({ id }) => id === 1)).toMatchObject({ result: { sessionId: expect.any(String) } })
  expect(await program.ended).toMatchObject(orderlyEnd)
})

test('a line that is no message is refused and the next one served', async () => {
  await using program = Program.start(stdio)
  const peer = new LinePeer(program)
  peer.send('not json')
  const { error } = await peer.until(({ id }) => id === -1)
  expect(error).toMatchObject({
    code: -32600,
    message: expect.stringMatching(/^failed to parse JSON-RPC message from exec-server stdio: /),
  })
  await peer.shakeHands()
})

test('long messages are read whole, and short ones behind them', async () => {
  await using program = Program.start(stdio)
  const peer = await shakenHands(program)
  await peer.start('cat', ['/bin/cat'], { pipeStdin: true })
  const long = Buffer.from(Array.from({ length: 150_000 }, (_, index) => (index * index) >> 3))
  for (const [index, bytes] of [long, Buffer.from('short'), long].entries()) {
    peer.send({
      id: `write ${index}`,
      method: 'process/write',
      params: { processId: 'cat', writeId: `${index}`, chunk: bytes.toString('base64') },
    })
  }
  const text = 'ä'.repeat(50_000)
  expect(await peer.run('printf', `printf %s ${text}`)).toMatchObject({ stdout: text })
  await peer.until(() => peer.output('cat').length === 300_005)
  expect(peer.output('cat')).toEqual(Buffer.concat([long, Buffer.from('short'), long]))
})

test('a poll that waits is answered when the input ends', async () => {
  await using program = Program.start(stdio)
  const peer = await shakenHands(program)
  await peer.start('p', ['/bin/sleep', '1000'])
  const polled = peer.request('process/read', { processId: 'p', waitMs: 600_000 })
  peer.end()
  expect(await polled).toMatchObject({ result: { chunks: [], exited: false } })
  expect(await program.ended).toMatchObject(orderlyEnd)
})

describe('the program ends with status 0 and its processes with it after', () => {
  test.each([
    ['an unknown notification', { method: 'process/dance' }],
    ['an answer nobody asked for', { id: 99, result: {} }],
    ['an error nobody asked for', { id: 99, error: { code: 1, message: 'no' } }],
  ])('%s', async (_violation, message) => {
    await using program = Program.start(stdio)
    const peer = await shakenHands(program)
    using sleeper = await startFound(peer, 'p', plain)
    peer.send(message)
    expect(await program.ended).toMatchObject(orderlyEnd)
    await sleeper.gone()
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s', async signal => {
    await using program = Program.start(stdio)
    const peer = await shakenHands(program)
    using sleeper = await startFound(peer, 'p', plain)
    program.signal(signal)
    expect(await program.ended).toMatchObject(orderlyEnd)
    await sleeper.gone()
  })

  test('the reader of its output is gone', async () => {
    await using program = Program.start(stdio)
    const peer = await shakenHands(program)
    using talker = await startFound(peer, 'p', 'echo $$; exec yes')
    program.stdout.destroy()
    expect(await program.ended).toMatchObject({ status: 0, signal: null, stderr: '' })
    await talker.gone()
  })
})

test('initialized before initialize ends the program with status 0', async () => {
  await using program = Program.start(stdio)
  new LinePeer(program).send({ method: 'initialized' })
  expect(await program.ended).toMatchObject(orderlyEnd)
})

describe('while its output is not read', () => {
  /** A program that holds a process back because nobody takes its output. */
  async function stuck(script: string): Promise<Scene> {
    await using owned = new AsyncDisposableStack()
    const program = owned.use(Program.start(stdio))
    const peer = await shakenHands(program)
    const talker = owned.use(await startFound(peer, 'p', `echo $$; ${script}`))
    program.stdout.pause()
    await talker.quiet()
    const kept = owned.move()
    return { program, peer, talker, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }

  test('a process can still be terminated and the program lives on', async () => {
    await using scene = await stuck('exec yes')
    scene.peer.send({ id: 'end', method: 'process/terminate', params: { processId: 'p' } })
    await scene.talker.gone()
    expect(scene.program.isRunning).toBe(true)
  })

  test('the end of its input still ends the program and its processes', async () => {
    await using scene = await stuck('exec yes')
    scene.peer.end()
    await scene.talker.gone()
    expect(await scene.program.exited).toEqual({ status: 0, signal: null })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s still ends the program and its processes', async signal => {
    await using scene = await stuck('exec yes')
    scene.program.signal(signal)
    await scene.talker.gone()
    expect(await scene.program.exited).toEqual({ status: 0, signal: null })
  })

  test('nothing is lost', async () => {
    await using scene = await stuck('exec head -c 20000000 /dev/zero')
    scene.program.stdout.resume()
    await scene.peer.event('p', 'process/closed')
    const [firstLine] = scene.peer.output('p').toString('latin1').split('\n', 1)
    expect(scene.peer.output('p')).toHaveLength(`${firstLine}\n`.length + 20_000_000)
  })
})

interface Scene extends AsyncDisposable {
  readonly program: Program
  readonly peer: LinePeer
  readonly talker: ForeignProcess
}
