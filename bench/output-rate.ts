import { type Bench, ratio } from './support/bench.ts'
import { besideReference } from './support/beside-reference.ts'
import type { Client } from './support/client.ts'
import type { Turn } from './support/samples.ts'

const bytesPerTurn = 256 * 1024 * 1024

/** How fast a process may talk. The client counts what it gets and decodes nothing; four turns are a gibibyte. */
export const outputRate: Bench = {
  name: 'output-rate',
  async run(context) {
    const { gateway, reference } = await besideReference(context, { turns: 8, warmUpTurns: 2, turn: rateOf })
    return [
      {
        name: 'output of one process',
        measured: [
          { label: 'gateway', value: gateway.p50, unit: 'MB/s' },
          ...(reference === undefined ? [] : [{ label: 'reference', value: reference.p50, unit: 'MB/s' } as const]),
        ],
        judged: reference && ratio(gateway.p50, reference.p50),
        bound: { atLeast: 1.2 },
      },
    ]
  },
}

function rateOf(client: Client): Turn {
  return async () => {
    const before = client.outputBytes
    const startedAt = performance.now()
    const { closed } = await client.start(['/usr/bin/head', '-c', String(bytesPerTurn), '/dev/zero'])
    await closed
    const tookMs = performance.now() - startedAt
    const received = client.outputBytes - before
    if (received !== bytesPerTurn) throw new Error(`${bytesPerTurn} bytes were written and ${received} received`)
    return [received / 1e6 / (tookMs / 1000)]
  }
}
