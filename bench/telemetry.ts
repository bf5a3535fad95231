import { type Bench, type Finding, ratio } from './support/bench.ts'
import type { Client } from './support/client.ts'
import { onOneCore } from './support/one-core.ts'
import { oneByOne, Samples, takeTurns, type Turn } from './support/samples.ts'
import { Server } from './support/server.ts'

/** Two processes of the same program differ by some percent for as long as they live. */
const pairs = 5

interface Pair {
  readonly observed: Samples
  readonly unobserved: Samples
}

/** What it costs to be seen in full while the collector cannot be reached, against a gateway that nobody watches. */
export const telemetry: Bench = {
  name: 'telemetry',
  async run() {
    const measured: { readonly oneShot: Pair; readonly status: Pair }[] = []
    for (let pair = 0; pair < pairs; pair++) measured.push(await measurePair())
    return [
      finding('one-shot with full telemetry, collector gone', {
        measured: measured.map(({ oneShot }) => oneShot),
        // The aim is 1.03. From run to run it is 1.05 to 1.06.
        atMost: 1.1,
      }),
      finding('status with full telemetry, collector gone', {
        measured: measured.map(({ status }) => status),
        atMost: 1.2,
      }),
    ]
  },
}

function finding(name: string, { measured, atMost }: { measured: readonly Pair[]; atMost: number }): Finding {
  const median = (of: (pair: Pair) => number) => new Samples(measured.map(of)).p50
  return {
    name: `${name}, median of ${pairs}`,
    measured: [
      { label: 'p50', value: median(({ observed }) => observed.p50), unit: 'ms' },
      { label: 'without p50', value: median(({ unobserved }) => unobserved.p50), unit: 'ms' },
    ],
    judged: ratio(
      median(({ observed, unobserved }) => observed.p50 / unobserved.p50),
      1,
    ),
    bound: { atMost },
  }
}

async function measurePair(): Promise<{ oneShot: Pair; status: Pair }> {
  await using plain = await Server.startGateway()
  await using seen = await Server.startGateway({
    // The discard port: nobody listens there.
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  })
  const [unobserved, observed] = [await plain.connect(), await seen.connect()]
  const sides = (turn: (client: Client) => Turn) => ({ observed: turn(observed), unobserved: turn(unobserved) })
  const oneShot = await takeTurns({
    turns: 12,
    warmUpTurns: 4,
    sides: sides(client => oneByOne(100, () => client.timeOneShot())),
  })
  using _core = onOneCore([plain.pid, seen.pid])
  const status = await takeTurns({
    turns: 8,
    warmUpTurns: 4,
    sides: sides(client => oneByOne(500, () => client.timeStatus())),
  })
  return { oneShot, status }
}
