import { expect, it, vi } from 'vitest'
import { Libc } from '../../src/libc/libc.ts'
import { SystemError } from '../../src/libc/system-error.ts'
import { ForeignProcess } from '../support/foreign-process.ts'
import { Gate } from '../support/gate.ts'
import { startGateway } from '../support/start-gateway.ts'
import { storyOf } from '../support/story.ts'

const env = { PATH: '/usr/bin:/bin' }

/** The process whose pid a script has printed as its first line. */
function printed(text: string): ForeignProcess {
  return ForeignProcess.of(Number(text.split('\n')[0]))
}

it('tells the exit although a descendant holds the output, and closes when it lets go', async () => {
  using gate = new Gate()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', `(read go < ${gate.path}; echo late) & exit 3`], { env })
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(3)
  const page = await peer.call('process/read', { processId: 'p' })
  expect(page).toMatchObject({ exited: true, exitCode: 3, closed: false })
  await gate.open()
  await peer.event('p', 'process/closed')
  expect(storyOf(peer, 'p')).toEqual(['1 exited 3', '2 stdout "late\\n"', '3 closed'])
})

it('closes at once when the descendant has let go of the output', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', 'setsid sleep 60 >/dev/null 2>&1 & echo $!'], { env })
  await peer.event('p', 'process/closed')
  using daemon = printed(peer.output('p', 'stdout').toString())
  expect(daemon.isAlive).toBe(true)
})

it('ends whoever is left of a session when the gateway drains, whatever group it is in', async () => {
  let inGroup: ForeignProcess
  {
    await using gateway = await startGateway({ limits: { graceMs: 100 } })
    const peer = await gateway.connect()
    await peer.start('p', ['/bin/bash', '-c', 'set -m; sleep 60 & echo $!; wait'], { env })
    await peer.outputContains('p', '\n')
    inGroup = printed(peer.output('p', 'stdout').toString())
    expect(inGroup.isAlive).toBe(true)
  }
  await inGroup.gone()
  expect(inGroup.isAlive).toBe(false)
})

it('kills what ignores SIGTERM when the grace is over', async () => {
  let stubborn: ForeignProcess
  {
    await using gateway = await startGateway({ limits: { graceMs: 100 } })
    const peer = await gateway.connect()
    await peer.start('p', ['/bin/sh', '-c', 'trap "" TERM; echo $$; while :; do sleep 1; done'], { env })
    await peer.outputContains('p', '\n')
    stubborn = printed(peer.output('p', 'stdout').toString())
  }
  await stubborn.gone()
  expect(stubborn.isAlive).toBe(false)
})

it('leaves alone what took over the number of a group that is gone', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  // A group whose leader has been reaped: the number is only kept alive by whoever stayed in it.
  await peer.start('p', ['/bin/sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { env })
  await peer.event('p', 'process/closed')
  using member = printed(peer.output('p', 'stdout').toString())
  expect(await peer.call('process/terminate', { processId: 'p' })).toEqual({ running: false })
  await peer.call('process/signal', { processId: 'p', signal: 'interrupt' })
  await peer.run('q', 'true')
  expect(member.isAlive).toBe(true)
})

it('ends every job of a terminal that is terminated, in the foreground or not', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/bash', '-c', 'set -m; sleep 600 & echo $!; sleep 600'], { env, tty: true })
  await peer.outputContains('p', '\n')
  using job = printed(peer.output('p').toString())
  expect(await peer.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
  await peer.event('p', 'process/closed')
  await job.gone()
})

it('leaves alone what it may not signal, which is no failure', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', 'echo $$; exec sleep 600'], { env })
  await peer.outputContains('p', '\n')
  {
    // As of a command that runs as another user by now.
    using _native = vi.spyOn(Libc.prototype, 'signalGroup').mockImplementation(() => {
      throw new SystemError(1)
    })
    using _portable = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM', errno: -1 })
    })
    expect(await peer.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
  }
  using command = printed(peer.output('p').toString())
  expect(command.isAlive).toBe(true)
})
