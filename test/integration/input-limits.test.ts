import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { makeFifo } from '../support/fifo.ts'
import type { Peer } from '../support/peer.ts'
import { startGateway } from '../support/start-gateway.ts'

const withInput = { env: { PATH: '/usr/bin:/bin' }, pipeStdin: true }
const block = Buffer.alloc(64 * 1024, 'x').toString('base64')

/** Sends a write, whose answer may wait. */
function send(peer: Peer, processId: string, writeId: string): void {
  peer.send({ id: `${processId}${writeId}`, method: 'process/write', params: { processId, chunk: block, writeId } })
}

const answered = (peer: Peer, id: string) => peer.received.some(message => message.id === id)

/** Writes more and more until a write is not answered before what is asked after it. Resolves with its number. */
async function fill(peer: Peer, processId: string): Promise<number> {
  for (let writeId = 1; ; writeId++) {
    send(peer, processId, String(writeId))
    await peer.call('environment/status', {})
    if (!answered(peer, `${processId}${writeId}`)) return writeId
  }
}

it('lets writes wait once the queue of a process is full, holds up nothing else, and takes them when it reads', async () => {
  const folder = mkdtempSync(path.join('/tmp', 'input-'))
  try {
    const gate = makeFifo(path.join(folder, 'gate'))
    await using gateway = await startGateway({ limits: { stdinQueueBytes: 256 * 1024 } })
    const peer = await gateway.connect()
    await peer.start('p', ['/bin/sh', '-c', `read go < ${gate}; wc -c`], withInput)
    const waiting = await fill(peer, 'p')
    const [summary] = [...gateway.gateway.sessions()].flatMap(session => [...session.processes.openSummaries()])
    expect(summary?.queuedInputBytes).toBeLessThanOrEqual(256 * 1024)
    expect((await peer.run('q', 'exit 3')).exitCode).toBe(3)
    writeFileSync(gate, 'go\n')
    expect((await peer.until(({ id }) => id === `p${waiting}`)).result).toEqual({ status: 'accepted' })
    await peer.call('process/closeStdin', { processId: 'p' })
    await peer.event('p', 'process/closed')
    expect(Number(peer.output('p').toString())).toBe(waiting * 64 * 1024)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('writes nothing of what waited when its connection broke, and takes it in order when it is repeated', async () => {
  const folder = mkdtempSync(path.join('/tmp', 'input-'))
  try {
    const gate = makeFifo(path.join(folder, 'gate'))
    // What is short would have room.
    await using gateway = await startGateway({ limits: { stdinQueueBytes: 250 * 1024 } })
    const first = await gateway.connect()
    await first.start('p', ['/bin/sh', '-c', `read go < ${gate}; tail -c 3`], withInput)
    const waiting = await fill(first, 'p')
    const behind = ['a', 'b', 'c'].map(text => ({
      method: 'process/write',
      params: { processId: 'p', chunk: Buffer.from(text).toString('base64'), writeId: text, endsInput: text === 'c' },
    }))
    for (const [index, write] of behind.entries()) first.send({ id: `behind${index}`, ...write })
    await first.call('environment/status', {})
    await first.cut()

    const second = await gateway.connect(first.sessionId)
    writeFileSync(gate, 'go\n')
    send(second, 'p', String(waiting))
    for (const [index, write] of behind.entries()) second.send({ id: `behind${index}`, ...write })
    await second.event('p', 'process/closed')
    expect(second.output('p').toString()).toBe('abc')
    expect((await second.until(({ id }) => id === `p${waiting}`)).result).toEqual({ status: 'accepted' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('ends at once what does not read, however much waits for it', async () => {
  await using gateway = await startGateway({ limits: { stdinQueueBytes: 64 * 1024 } })
  const peer = await gateway.connect()
  await peer.start('p', ['sleep', '60'], withInput)
  const waiting = await fill(peer, 'p')
  expect(await peer.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
  expect((await peer.until(({ id }) => id === `p${waiting}`)).error).toMatchObject({
    code: -32603,
    message: 'failed to write to process stdin',
  })
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(137)
})

it('refuses writes when too many wait in one session, and takes them again once fewer do', async () => {
  const waitingInputBytes = 128 * 1024
  await using gateway = await startGateway({ limits: { stdinQueueBytes: 64 * 1024, waitingInputBytes } })
  const [peer, other] = [await gateway.connect(), await gateway.connect()]
  for (const id of ['p', 'q']) await peer.start(id, ['sleep', '60'], withInput)
  await fill(peer, 'p')
  await fill(peer, 'q')
  send(peer, 'q', 'more')
  const refused = await peer.until(({ id }) => id === 'qmore')
  expect(refused.error).toMatchObject({
    code: -32603,
    data: { limit: { name: 'waitingInputBytes', value: waitingInputBytes } },
  })
  const { limitsReached } = gateway.gateway.telemetry.instruments
  expect(limitsReached.value({ limit: 'waitingInputBytes' })).toBe(1)
  await other.start('p', ['sleep', '60'], withInput)
  await fill(other, 'p')
  // What waits for one process is gone with it, and leaves room for the other.
  await peer.call('process/terminate', { processId: 'p' })
  await peer.event('p', 'process/exited')
  send(peer, 'q', 'again')
  await peer.call('environment/status', {})
  expect(answered(peer, 'qagain')).toBe(false)
  expect(limitsReached.value({ limit: 'waitingInputBytes' })).toBe(1)
  await peer.call('process/terminate', { processId: 'q' })
  await eventually(() => answered(peer, 'qagain'), 'the write that waited is answered')
})
