import { describe, expect, test } from 'vitest'
import { orphaned, plain, startFound, stopped, stubborn } from '../support/found-process.ts'
import { Peer } from '../support/peer.ts'
import { anyPort, Program } from '../support/program.ts'

const goingAway = 1001

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s', signal => {
  test.each(['serve', 'exec-server'])('ends an idle %s with status 0', async command => {
    await using program = await Program.listening([command, ...anyPort])
    program.signal(signal)
    expect(await program.ended).toMatchObject({ status: 0, signal: null })
  })

  test('says goodbye to every client, whatever it has got to', async () => {
    await using program = await Program.listening(['serve', ...anyPort])
    await using fresh = await Peer.open(program.url)
    const ready = await program.connect()
    program.signal(signal)
    for (const peer of [fresh, ready]) expect(await peer.closed).toMatchObject({ code: goingAway })
    expect(await program.ended).toMatchObject({ status: 0 })
  })

  test('lets a process end by itself and delivers what it says before the goodbye', async () => {
    await using program = await Program.listening(['exec-server', '--grace', '5m'])
    const peer = await program.connect()
    // A signal between fork and exec of a command in the foreground would get lost, and the trap wait for it.
    const script = "trap 'echo goodbye; exit 3' TERM; echo $$; sleep 1000 >/dev/null 2>&1 & wait"
    using trapping = await startFound(peer, 'p', script)
    program.signal(signal)
    expect(await peer.closed).toMatchObject({ code: goingAway })
    expect(peer.output('p', 'stdout').toString()).toBe(`${trapping.pid}\ngoodbye\n`)
    expect(await peer.event('p', 'process/exited')).toMatchObject({ params: { exitCode: 3 } })
    await peer.event('p', 'process/closed')
    expect(await program.ended).toMatchObject({ status: 0 })
    await trapping.gone()
  })

  test.each([
    ['plain', plain, false],
    ['in a terminal', plain, true],
    ['that ignores it', stubborn, false],
    ['in a terminal that ignores it', stubborn, true],
    ['that is stopped', stopped, false],
    ['that has left its session', orphaned, false],
  ])('ends a process %s', async (_kind, script, tty) => {
    await using program = await Program.listening(['exec-server', '--grace', '100ms'])
    using process = await startFound(await program.connect(), 'p', script, { tty })
    program.signal(signal)
    expect(await program.ended).toMatchObject({ status: 0 })
    await process.gone()
  })
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s a second time ends everything at once', async signal => {
  await using program = await Program.listening(['serve', ...anyPort, '--grace', '5m'])
  using process = await startFound(await program.connect(), 'p', stubborn)
  program.signal(signal)
  await program.logged.contains('shutting down')
  expect(process.isAlive).toBe(true)
  program.signal(signal)
  expect(await program.ended).toMatchObject({ status: 0, signal: null })
  await process.gone()
})

test('a terminal that says twice that it has closed ends nothing at once', async () => {
  await using program = await Program.listening(['serve', ...anyPort, '--grace', '5m'])
  using process = await startFound(await program.connect(), 'p', stubborn)
  program.signal('SIGHUP')
  await program.logged.contains('shutting down')
  program.signal('SIGHUP')
  expect(await program.statusOf('/readyz')).toBe(503)
  expect(process.isAlive).toBe(true)
  program.signal('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0, signal: null })
  await process.gone()
})

test('SIGUSR1 opens no port to debug it', async () => {
  await using program = await Program.listening(['serve', ...anyPort])
  program.signal('SIGUSR1')
  expect(await program.statusOf('/readyz')).toBe(200)
  program.signal('SIGTERM')
  expect((await program.ended).stderr).not.toContain('Debugger')
})

test('the other signal counts as the second one', async () => {
  await using program = await Program.listening(['serve', ...anyPort, '--grace', '5m'])
  using process = await startFound(await program.connect(), 'p', stubborn)
  program.signal('SIGINT')
  await program.logged.contains('shutting down')
  program.signal('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0, signal: null })
  await process.gone()
})

test('while it shuts down it is alive, not ready and admits nobody', async () => {
  await using program = await Program.listening(['serve', ...anyPort, '--grace', '5m'])
  const peer = await program.connect()
  using process = await startFound(peer, 'p', stubborn)
  program.signal('SIGTERM')
  await program.logged.contains('shutting down')
  expect([await program.statusOf('/readyz'), await program.statusOf('/livez')]).toEqual([503, 200])
  await expect(Peer.open(program.url)).rejects.toThrow('503')
  process.kill()
  expect(await peer.closed).toMatchObject({ code: goingAway })
  expect(await program.ended).toMatchObject({ status: 0 })
})

test('while it shuts down a client can still read and terminate what it has started', async () => {
  await using program = await Program.listening(['serve', ...anyPort, '--grace', '5m'])
  const peer = await program.connect()
  using process = await startFound(peer, 'p', stubborn)
  program.signal('SIGTERM')
  await program.logged.contains('shutting down')
  expect(await peer.call('process/read', { processId: 'p' })).toMatchObject({ exited: false })
  expect(await peer.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
  await process.gone()
  expect(await program.ended).toMatchObject({ status: 0 })
})

test('a process of a session without a connection is ended, too', async () => {
  await using program = await Program.listening(['serve', ...anyPort])
  const peer = await program.connect()
  using process = await startFound(peer, 'p', plain)
  await peer.cut()
  await program.logged.contains('connection closed')
  program.signal('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0 })
  await process.gone()
})

test('the last records of the log are written', async () => {
  await using program = await Program.listening(['serve', ...anyPort])
  await program.connect()
  program.signal('SIGTERM')
  const { stderr } = await program.ended
  expect(stderr).toContain('shutting down')
  expect(stderr).toContain('connection closed')
})
