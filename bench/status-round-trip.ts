import { type Bench, ratio } from './support/bench.ts'
import { besideReference } from './support/beside-reference.ts'
import { oneByOne } from './support/samples.ts'

/** What a request costs that asks for nothing: 20,000 of them, one after the other, on one core. */
export const statusRoundTrip: Bench = {
  name: 'status-round-trip',
  async run(context) {
    const { gateway, reference } = await besideReference(context, {
      turns: 40,
      warmUpTurns: 8,
      isOnOneCore: true,
      turn: client => oneByOne(500, () => client.timeStatus()),
    })
    return [
      {
        name: 'status round trip',
        measured: [
          { label: 'p50', value: gateway.p50 * 1000, unit: 'µs' },
          { label: 'p95', value: gateway.p95 * 1000, unit: 'µs' },
          ...(reference === undefined
            ? []
            : [
                { label: 'reference p50', value: reference.p50 * 1000, unit: 'µs' } as const,
                { label: 'reference p95', value: reference.p95 * 1000, unit: 'µs' } as const,
              ]),
        ],
        judged: reference && ratio(gateway.p50, reference.p50),
        bound: { atMost: 1.2 },
      },
    ]
  },
}
