import { describe, expect, it } from 'vitest'
import type { ParamsInput } from '../../src/protocol/method-table.ts'
import { ForeignProcess } from '../support/foreign-process.ts'
import type { Peer } from '../support/peer.ts'
import { startGateway } from '../support/start-gateway.ts'

const env = { PATH: '/usr/bin:/bin' }

type More = Partial<ParamsInput<'process/start'>>

function start(peer: Peer, script: string, more: More = {}): Promise<unknown> {
  const params = { processId: 'p', argv: ['/bin/bash', '-c', script], cwd: 'file:///', env, tty: false, ...more }
  return peer.call('process/start', params)
}

/** The process whose pid a script prints. To be asked for while it lives: afterwards there is nobody to find. */
async function printed(peer: Peer): Promise<ForeignProcess> {
  await peer.outputContains('p', '\n')
  return ForeignProcess.of(Number(peer.output('p', 'stdout').toString()))
}

it('announces what it adds, and how long a session outlives its connection', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.open()
  const { result } = await peer.request('initialize', { clientName: 'test' })
  expect(result).toMatchObject({
    detachedSessionMs: 80_000,
    environmentInfo: {
      extensions: expect.arrayContaining(['inputEnd', 'resize', 'signals', 'timeouts', 'firstRetainedSeq']) as string[],
    },
  })
})

describe('process/closeStdin', () => {
  it('ends the input behind what was written, once', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await start(peer, 'exec sort', { pipeStdin: true })
    const chunk = Buffer.from('b\na\n').toString('base64')
    await peer.call('process/write', { processId: 'p', writeId: '1', chunk })
    expect(await peer.call('process/closeStdin', { processId: 'p' })).toEqual({ status: 'accepted' })
    expect(await peer.call('process/closeStdin', { processId: 'p' })).toEqual({ status: 'stdinClosed' })
    expect(await peer.call('process/write', { processId: 'p', writeId: '2', chunk })).toEqual({ status: 'stdinClosed' })
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout').toString()).toBe('a\nb\n')
  })

  it('says what cannot be closed', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const close = async () => (await peer.request('process/closeStdin', { processId: 'p' })) as object
    expect(await close()).toMatchObject({ result: { status: 'unknownProcess' } })
    await start(peer, 'exec cat', { tty: true })
    expect(await close()).toMatchObject({ error: { code: -32602, data: { field: 'processId' } } })
    await peer.call('process/terminate', { processId: 'p' })
    await peer.event('p', 'process/closed')
    await start(peer, 'exec sleep 60', { processId: 'q' })
    expect(await peer.call('process/closeStdin', { processId: 'q' })).toEqual({ status: 'stdinClosed' })
  })
})

describe('the size of a terminal', () => {
  it('is that of the start, and changes while it runs', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const script = 'trap "stty size" WINCH; stty size; while :; do read -t 0.05; done'
    await start(peer, script, { tty: true, terminalSize: { rows: 30, cols: 100 } })
    await peer.outputContains('p', '30 100')
    expect(await peer.call('process/resize', { processId: 'p', rows: 50, cols: 65_535 })).toEqual({})
    await peer.outputContains('p', '50 65535')
  })

  it.each([
    { rows: 0, cols: 80 },
    { rows: 24, cols: 65_536 },
    { rows: 1.5, cols: 80 },
    { rows: -1, cols: 80 },
    { rows: '24', cols: 80 },
    { cols: 80 },
  ])('%j is none', async size => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await start(peer, 'exec cat', { tty: true })
    const { error } = await peer.request('process/resize', { processId: 'p', ...size })
    expect(error).toMatchObject({ code: -32602 })
  })

  it('is refused where there is no terminal', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const resize = async () => (await peer.request('process/resize', { processId: 'p', rows: 1, cols: 1 })).error
    expect(await resize()).toMatchObject({ code: -32600, message: 'unknown process id p' })
    await start(peer, 'read', { pipeStdin: true })
    expect(await resize()).toMatchObject({ code: -32602, message: 'this process has no terminal' })
    await peer.call('process/closeStdin', { processId: 'p' })
    await peer.event('p', 'process/closed')
    await start(peer, 'exit 0', { processId: 't', tty: true })
    await peer.event('t', 'process/closed')
    expect(await peer.call('process/resize', { processId: 't', rows: 1, cols: 1 })).toEqual({})
  })
})

describe('a signal', () => {
  it.each([
    ['interrupt', 'INT'],
    ['terminate', 'TERM'],
    ['hangup', 'HUP'],
    ['quit', 'QUIT'],
    ['usr1', 'USR1'],
    ['usr2', 'USR2'],
  ] as const)('by the name %s is SIG%s to the whole group', async (signal, name) => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    // A child of the shell has it too. Both end, then the shell tells.
    const script = `trap 'echo got ${name}; wait; exit 7' ${name}; (trap 'echo child; exit' ${name}; echo r; while :; do read -t 0.05 < <(:) || sleep 0.05; done) & echo r; while :; do wait $!; done`
    await start(peer, script)
    await peer.outputContains('p', 'r\nr\n')
    await peer.call('process/signal', { processId: 'p', signal })
    expect((await peer.event('p', 'process/exited')).params).toMatchObject({ exitCode: 7, receipt: { cause: 'exit' } })
    const output = peer.output('p', 'stdout').toString()
    expect(output).toContain(`got ${name}\n`)
    expect(output).toContain('child\n')
  })

  it('kills, and is not taken for a terminate', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await start(peer, 'exec sleep 60')
    await peer.call('process/signal', { processId: 'p', signal: 'kill' })
    const { params } = await peer.event('p', 'process/exited')
    expect(params).toMatchObject({ exitCode: 137, receipt: { cause: 'signal', signal: 9 } })
    expect(await peer.call('process/signal', { processId: 'p', signal: 'kill' })).toEqual({})
  })

  it('that keys send goes to the foreground of a terminal', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await start(peer, `set -m; sh -c 'echo started; exec sleep 600'; echo job $?; read`, { tty: true })
    await peer.outputContains('p', 'started')
    await peer.call('process/signal', { processId: 'p', signal: 'quit' })
    await peer.outputContains('p', 'job 131')
    expect(await peer.call('process/read', { processId: 'p' })).toMatchObject({ exited: false })
  })

  it('that nobody knows is refused', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const { error } = await peer.request('process/signal', { processId: 'p', signal: 'SIGTERM' })
    expect(error).toMatchObject({ code: -32602, data: { field: 'signal' } })
  })
})

it('tells a reader from where on output is still there', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await start(peer, 'head -c 4000000 /dev/zero')
  await peer.event('p', 'process/closed')
  await expect
    .poll(async () => (await peer.call('process/read', { processId: 'p' })).firstRetainedSeq, { timeout: 20_000 })
    .toBeGreaterThan(1)
  const page = await peer.call('process/read', { processId: 'p' })
  expect(page.chunks[0]?.seq).toBe(page.firstRetainedSeq)
  await start(peer, 'echo', { processId: 'q' })
  await peer.event('q', 'process/closed')
  expect(await peer.call('process/read', { processId: 'q' })).not.toHaveProperty('firstRetainedSeq')
})

describe('a process with a timeout', () => {
  it('is killed with everything it has started, in whichever group', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await start(peer, 'set -m; sleep 600 & echo $!; trap "" TERM; wait', { timeoutMs: 2000 })
    const descendant = await printed(peer)
    const { params } = await peer.event('p', 'process/exited')
    expect(params).toMatchObject({ exitCode: 137, receipt: { cause: 'timeout', signal: 9 } })
    await peer.event('p', 'process/closed')
    await descendant.gone()
    expect(gateway.gateway.processMetrics.finished).toMatchObject({ terminated: 1 })
  })

  it('is killed while nobody is connected', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await start(peer, 'exec sleep 600', { timeoutMs: 300 })
    const { sessionId } = peer
    await peer.cut()
    const again = await gateway.connect(sessionId)
    const page = await again.call('process/read', { processId: 'p', waitMs: 60_000 })
    expect(page).toMatchObject({ exited: true, exitCode: 137, receipt: { cause: 'timeout' } })
  })

  it('lets go of streams that a descendant still holds by then', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await start(peer, 'sleep 600 & echo $!; exit 4', { timeoutMs: 2000 })
    const descendant = await printed(peer)
    expect((await peer.event('p', 'process/exited')).params).toMatchObject({ exitCode: 4, receipt: { cause: 'exit' } })
    await peer.event('p', 'process/closed')
    await descendant.gone()
  })

  it('leaves no timer behind when it ends before', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    for (let index = 0; index < 20; index++) {
      await start(peer, 'exit 0', { processId: `p${index}`, timeoutMs: 2 ** 31 - 1 })
      await peer.event(`p${index}`, 'process/closed')
    }
    // Some of the gateway's own, whatever there was.
    expect(gateway.gateway.ledger.active('timer')).toBeLessThan(10)
  })

  it.each([0, -1, 1.5, 2 ** 31, '5'])('cannot have %j milliseconds', async timeoutMs => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const params = { processId: 'p', argv: ['true'], cwd: 'file:///', env, tty: false, timeoutMs }
    expect((await peer.request('process/start', params)).error).toMatchObject({ code: -32602 })
  })
})

it('ends the descendants that hold the streams of an exited process when it is terminated', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await start(peer, 'sleep 600 & echo $!; exit 5')
  const descendant = await printed(peer)
  await peer.event('p', 'process/exited')
  expect(await peer.call('process/terminate', { processId: 'p' })).toEqual({ running: false })
  await peer.event('p', 'process/closed')
  await descendant.gone()
  expect(peer.output('p', 'stdout').toString()).toMatch(/^\d+\n$/)
})
