import { expect, test } from 'vitest'
import { ExecClient } from '../../src/client/execgate-client.ts'
import { scale, timeout } from '../support/endurance-scale.ts'
import { megabytes, printFigures } from '../support/figures.ts'
import { heldBytes } from '../support/memory-in-use.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

/** Noise of the first thousands included. A connection or a process that is kept takes more. */
const maxBytesEach = 1000

interface Kept {
  /** Bytes for each of those that came after the warm-up. */
  readonly perOne: number
}

async function held(about: string, count: number, one: (index: number) => Promise<void>): Promise<Kept> {
  const each = async (from: number, to: number) => {
    for (let index = from; index < to; index++) await one(index)
  }
  // Code that gets compiled, buffers that get their size, ids that are remembered up to a limit.
  const warmUp = Math.ceil(count / 2)
  await each(0, warmUp)
  const before = heldBytes()
  await each(warmUp, warmUp + count)
  const after = heldBytes()
  const perOne = (after - before) / count
  printFigures(about, {
    'warm-up': `${warmUp}`,
    measured: `${count}`,
    before: megabytes(before),
    after: megabytes(after),
    each: `${perOne.toFixed(1)} bytes`,
  })
  return { perOne }
}

/** What is measured before there is somebody to tell is kept, up to a limit. */
function keepNoSamples({ gateway }: GatewayFixture): void {
  for (const instrument of Object.values(gateway.telemetry.instruments)) if ('bind' in instrument) instrument.bind()
}

/** Sockets and timers of this program, whoever owns them. The tests themselves have a timer or two. */
function resources(): number {
  return process.getActiveResourcesInfo().filter(name => /TCPSocket|Timeout/.test(name)).length
}

test('clients that come and go leave nothing on either side', { timeout }, async () => {
  await using gateway = await startGateway({ limits: { detachedSessionMs: 1 } })
  keepNoSamples(gateway)
  const { perOne } = await held('clients that come and go', 1000 * scale, async index => {
    await using proxy = await TcpProxy.open(gateway.url, () => {})
    const client = await ExecClient.connect(proxy.url, { retryMs: 1 })
    if (index % 10 === 0) expect((await client.exec('exit 7')).exitCode).toBe(7)
    if (index % 2 === 0) await proxy.link.cut()
    if (index % 3 === 0) await client.detach()
    else await client[Symbol.asyncDispose]()
  })
  expect(perOne).toBeLessThan(maxBytesEach)
  await expect.poll(() => [...gateway.gateway.sessions()].length, { timeout: 30_000 }).toBe(0)
  expect(resources()).toBeLessThan(10)
  expect(gateway.gateway.connectionMetrics.active.websocket).toBe(0)
})

test('commands leave nothing', { timeout }, async () => {
  await using gateway = await startGateway({ limits: { maxClosedProcesses: 10 } })
  keepNoSamples(gateway)
  const peer = await gateway.connect()
  const params = { argv: ['/bin/true'], cwd: 'file:///', env: {}, tty: false }
  const { perOne } = await held('commands', 3000 * scale, async index => {
    const processId = `p${index}`
    await peer.call('process/start', { processId, ...params })
    await peer.event(processId, 'process/closed')
    peer.received.length = 0
  })
  expect(perOne).toBeLessThan(maxBytesEach)
  const { processMetrics } = gateway.gateway
  expect(processMetrics.active).toBe(0)
  expect(processMetrics.finished).toMatchObject({ success: 4500 * scale, error: 0, terminated: 0 })
})
