import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { Gate } from '../support/gate.ts'
import { startGateway } from '../support/start-gateway.ts'
import { wantsPortable } from '../support/tested-engine.ts'

const env = { PATH: '/usr/bin:/bin' }

it('what a descendant writes to a terminal after the exit is delivered, however late', async () => {
  using gate = new Gate()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const script = `trap '' HUP; (trap '' HUP; read go < ${gate.path}; echo late) & exit 3`
  await peer.start('p', ['/bin/sh', '-c', script], { env, tty: true })
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(3)
  await gate.open()
  await peer.event('p', 'process/closed')
  expect(peer.output('p').toString()).toBe('late\r\n')
})

it.each([false, true])('everything that was written before the exit is there (terminal: %s)', async tty => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['/usr/bin/seq', '100000'], { env, tty })
  await peer.event('p', 'process/closed')
  const lines = peer.output('p').toString().trimEnd().split(/\r?\n/)
  expect([lines.length, lines.at(-1)]).toEqual([100_000, '100000'])
})

it.each([false, true])('a death by a signal is 128 and the signal (terminal: %s)', async tty => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', 'kill -TERM $$'], { env, tty })
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(143)
})

it('a terminal takes more input than it has room for, once it is read', async () => {
  using gate = new Gate()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const script = `stty raw -echo; echo ready; read go < ${gate.path}; head -c 300000 | wc -c`
  await peer.start('p', ['/bin/sh', '-c', script], { env, tty: true })
  await peer.outputContains('p', 'ready')
  const chunk = Buffer.alloc(300_000, 'x').toString('base64')
  await peer.call('process/write', { processId: 'p', chunk, writeId: 'w' })
  await gate.open()
  await peer.event('p', 'process/closed')
  expect(peer.output('p').toString()).toMatch(/300000\s*$/)
})

it.skipIf(wantsPortable)('the end of the streams tells of an exit before any signal does', async () => {
  using gate = new Gate()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  process.removeAllListeners('SIGCHLD')
  await peer.start('p', ['/bin/sh', '-c', `(read go < ${gate.path}) & echo $$; exit 7`], { env })
  await peer.outputContains('p', '\n')
  const stat = `/proc/${peer.output('p').toString().trim()}/stat`
  await eventually(() => readFileSync(stat, 'latin1').includes(') Z '), 'the process has ended')
  await gate.open()
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(7)
})
