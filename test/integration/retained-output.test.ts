import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import type { FollowedProcess } from '../support/followed-process.ts'
import { ResumingClient } from '../support/resuming-client.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'

const mebibyte = 1024 * 1024
const retainedOutputBytes = 16 * mebibyte
/** One session may keep half of the half that is shared, and one read of each process on top. */
const largestShare = retainedOutputBytes / 4 + 2 * 64 * 1024

function summaries({ gateway }: GatewayFixture) {
  return [...gateway.sessions()].flatMap(session => [...session.processes.summaries()])
}

/** Starts one that writes without end after it was told to, and lets go of the connection. */
async function hoard(client: ResumingClient): Promise<FollowedProcess[]> {
  const processes: FollowedProcess[] = []
  for (const id of ['p', 'q']) {
    const argv = ['/bin/sh', '-c', 'read go; exec head -c 20000000 /dev/zero']
    processes.push(await client.start(id, argv, { pipeStdin: true }))
    const chunk = Buffer.from('go\n').toString('base64')
    client.peer.send({ id: `go ${id}`, method: 'process/write', params: { processId: id, chunk, writeId: '1' } })
  }
  await client.peer.until(message => message.id === 'go q')
  await client.peer.cut()
  return processes
}

async function catchUp(client: ResumingClient, processes: readonly FollowedProcess[]): Promise<void> {
  await client.resume()
  for (const process of processes) {
    await client.untilClosed(process)
    expect(process.output('stdout').length).toBe(20_000_000)
    expect(process.exitCode).toBe(0)
  }
}

it('holds back a session that hoards output, lets others go on, and loses nothing', { timeout: 60_000 }, async () => {
  await using gateway = await startGateway({ limits: { retainedOutputBytes } })
  await using hoarder = await ResumingClient.open(gateway.url)
  const hoarded = await hoard(hoarder)
  const { output, telemetry } = gateway.gateway
  const areHeldBack = (count: number) => summaries(gateway).filter(({ isHeldBack }) => isHeldBack).length === count
  await eventually(() => output.keptBytes > retainedOutputBytes / 4 && areHeldBack(2), 'the hoarder is held back')
  expect(output.keptBytes).toBeLessThanOrEqual(largestShare)
  expect(telemetry.instruments.limitsReached.value({ limit: 'retainedOutputBytes' })).toBeGreaterThan(0)

  // One that is attached gets everything through.
  const peer = await gateway.connect()
  let received = 0
  peer.consume('process/output', ({ chunk }: { chunk: string }) => {
    received += Buffer.byteLength(chunk, 'base64')
  })
  await peer.start('r', ['/bin/sh', '-c', 'exec head -c 30000000 /dev/zero'])
  await peer.event('r', 'process/closed')
  expect(received).toBe(30_000_000)

  // One that went away keeps a share of its own, which is less than was left and more than nothing.
  await using late = await ResumingClient.open(gateway.url)
  const hoardedLate = await hoard(late)
  const keptByLate = () =>
    summaries(gateway)
      .slice(-2)
      .reduce((sum, { retainedBytes }) => sum + retainedBytes, 0)
  await eventually(() => keptByLate() > mebibyte && areHeldBack(4), 'both are held back')
  expect(output.keptBytes).toBeLessThanOrEqual(retainedOutputBytes)

  // What others let go of, it may take, without anybody asking.
  const kept = keptByLate()
  await catchUp(hoarder, hoarded)
  await eventually(() => keptByLate() > kept + 64 * 1024, 'the late one goes on')
  await catchUp(late, hoardedLate)
  expect(output.keptBytes).toBe(0)
})

it('forgets what clients have read before it holds anybody back', async () => {
  await using gateway = await startGateway({ limits: { retainedOutputBytes: mebibyte } })
  const peer = await gateway.connect()
  peer.consume('process/output', () => {})
  // Together they would keep three mebibytes to be read again.
  for (const id of ['p', 'q', 'r']) {
    await peer.start(id, ['/bin/sh', '-c', 'head -c 4000000 /dev/zero; exec sleep 60'])
  }
  const { output, telemetry } = gateway.gateway
  const { outputBytes } = telemetry.instruments
  await eventually(() => outputBytes.value({ stream: 'stdout' }) === 12_000_000, 'all have written everything')
  await eventually(() => output.keptBytes <= mebibyte / 4, 'what was read is gone')
  expect(summaries(gateway).map(({ isHeldBack }) => isHeldBack)).toEqual([false, false, false])
})
