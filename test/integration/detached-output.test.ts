import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { ResumingClient } from '../support/resuming-client.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'

function numbers(lines: number): Buffer {
  return Buffer.from(Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join(''))
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function summaries({ gateway }: GatewayFixture) {
  return [...gateway.sessions()].flatMap(session => [...session.processes.summaries()])
}

it.each([
  ['more than the window of a megabyte', 300_000],
  ['more than the eight megabytes that are kept', 2_000_000],
])('loses nothing of a process that prints %s while nobody is connected', { timeout: 60_000 }, async (_size, lines) => {
  await using gateway = await startGateway()
  await using client = await ResumingClient.open(gateway.url)
  const process = await client.start('p', ['/bin/sh', '-c', `read go; seq 1 ${lines}; exit 7`], { pipeStdin: true })
  const chunk = Buffer.from('go\n').toString('base64')
  await client.peer.call('process/write', { processId: 'p', chunk, writeId: '1' })
  await client.peer.cut()
  await eventually(
    () => summaries(gateway).every(({ state, isHeldBack }) => state === 'closed' || isHeldBack),
    'it is done',
  )
  await client.resume()
  await client.untilClosed(process)
  expect(sha256(process.output('stdout'))).toBe(sha256(numbers(lines)))
  expect(process.exitCode).toBe(7)
})

it('holds a process back that prints more than is kept, and lets it go on for the next client', async () => {
  const detachedOutputBytes = 1024 * 1024
  await using gateway = await startGateway({ limits: { detachedOutputBytes } })
  await using client = await ResumingClient.open(gateway.url)
  const process = await client.start('p', ['/bin/sh', '-c', 'read go; exec seq 1 1000000'], { pipeStdin: true })
  const chunk = Buffer.from('go\n').toString('base64')
  await client.peer.call('process/write', { processId: 'p', chunk, writeId: '1' })
  await client.peer.cut()
  const isDetached = () => [...gateway.gateway.sessions()].every(({ state }) => state === 'detached')
  await eventually(
    () => isDetached() && summaries(gateway).some(({ isHeldBack }) => isHeldBack),
    'the process is held back, and not for a client that is there',
  )
  const [held] = summaries(gateway)
  expect(held?.retainedBytes).toBeGreaterThanOrEqual(detachedOutputBytes - 64 * 1024)
  expect(held?.retainedBytes).toBeLessThanOrEqual(detachedOutputBytes + 64 * 1024)
  await client.resume()
  await client.untilClosed(process)
  expect(sha256(process.output('stdout'))).toBe(sha256(numbers(1_000_000)))
})

it('tells of the end of several processes that ended while nobody was connected', async () => {
  await using gateway = await startGateway()
  await using client = await ResumingClient.open(gateway.url)
  const processes = []
  for (const code of [0, 3, 250]) {
    processes.push(
      await client.start(`p${code}`, ['/bin/sh', '-c', `read go; echo ${code}; exit ${code}`], { pipeStdin: true }),
    )
  }
  for (const { id } of processes) {
    client.peer.send({
      id: `write ${id}`,
      method: 'process/write',
      params: { processId: id, chunk: Buffer.from('\n').toString('base64'), writeId: id },
    })
  }
  await client.peer.until(message => message.id === 'write p250')
  await client.peer.cut()
  await eventually(() => summaries(gateway).every(({ state }) => state === 'closed'), 'all have ended')
  await client.resume()
  for (const process of processes) {
    await client.untilClosed(process)
    expect(`p${process.exitCode}`).toBe(process.id)
    expect(process.output('stdout').toString()).toBe(`${process.exitCode}\n`)
  }
})
