import { type Bench, ratio } from './support/bench.ts'
import { RawSpawner } from './support/raw-spawner.ts'
import { takeTurns, type Turn } from './support/samples.ts'
import { Server } from './support/server.ts'

const concurrency = 16
const oneShotsPerTurn = 400

/** How many processes that end at once get through when the client keeps sixteen of them going. */
export const inFlight: Bench = {
  name: 'in-flight',
  async run() {
    await using gateway = await Server.startGateway()
    using spawner = new RawSpawner()
    const client = await gateway.connect()
    const rates = await takeTurns({
      turns: 8,
      warmUpTurns: 2,
      sides: {
        gateway: rateOf(() => client.timeOneShot()),
        raw: rateOf(() => spawner.timeSpawnWithPipes()),
      },
    })
    return [
      {
        name: `one-shots, ${concurrency} in flight`,
        measured: [
          { label: 'gateway', value: rates.gateway.p50, unit: '/s' },
          { label: 'raw', value: rates.raw.p50, unit: '/s' },
        ],
        judged: ratio(rates.gateway.p50, rates.raw.p50),
        bound: { atLeast: 0.5 },
      },
    ]
  },
}

/** Runs a fixed number, sixteen at any time, and gives how many of them a second takes. */
function rateOf(runOne: () => Promise<unknown>): Turn {
  return async () => {
    let started = 0
    const startedAt = performance.now()
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        while (started++ < oneShotsPerTurn) await runOne()
      }),
    )
    return [(oneShotsPerTurn / (performance.now() - startedAt)) * 1000]
  }
}
