import { type Bench, ratio } from './support/bench.ts'
import { Server } from './support/server.ts'
import { oneByOne, takeTurns } from './support/samples.ts'

/** What it costs a one-shot to be seen in full while the collector cannot be reached, against a gateway that nobody watches. */
export const telemetry: Bench = {
  name: 'telemetry',
  async run() {
    await using plain = await Server.startGateway()
    await using seen = await Server.startGateway({
      // The discard port: nobody listens there.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
    })
    const [unobserved, observed] = [await plain.connect(), await seen.connect()]
    const times = await takeTurns({
      turns: 20,
      warmUpTurns: 4,
      sides: {
        observed: oneByOne(100, () => observed.timeOneShot()),
        unobserved: oneByOne(100, () => unobserved.timeOneShot()),
      },
    })
    return [
      {
        name: 'one-shot with full telemetry, collector gone',
        measured: [
          { label: 'p50', value: times.observed.p50, unit: 'ms' },
          { label: 'without p50', value: times.unobserved.p50, unit: 'ms' },
        ],
        judged: ratio(times.observed.p50, times.unobserved.p50),
        bound: { atMost: 1.15 },
      },
    ]
  },
}
