import { type Bench, ratio } from './support/bench.ts'
import type { Client } from './support/client.ts'
import { oneByOne, takeTurns, type Turn } from './support/samples.ts'
import { Server } from './support/server.ts'

const pollMs = 2000
const requestsPerTurn = 100

/** Whether a request waits for an earlier one of its connection that has nothing to answer yet. */
export const statusBehindPoll: Bench = {
  name: 'status-behind-poll',
  async run() {
    await using gateway = await Server.startGateway()
    const client = await gateway.connect()
    const times = await takeTurns({
      turns: 20,
      warmUpTurns: 10,
      sides: {
        polling: whilePolling(client),
        quiet: oneByOne(requestsPerTurn, () => client.timeStatus()),
      },
    })
    return [
      {
        name: 'status behind a long-poll',
        measured: [
          { label: 'p50', value: times.polling.p50 * 1000, unit: 'µs' },
          { label: 'quiet p50', value: times.quiet.p50 * 1000, unit: 'µs' },
        ],
        judged: ratio(times.polling.p50, times.quiet.p50),
        bound: { atMost: 10 },
      },
    ]
  },
}

/**
 * Stops when the poll is answered: a gateway that keeps requests waiting behind it gives one long sample, not one among
 * many short ones.
 */
function whilePolling(client: Client): Turn {
  return async () => {
    const { id: processId, closed } = await client.start(['/bin/sleep', 'infinity'])
    let isPolling = true
    const poll = client.call('process/read', { processId, waitMs: pollMs }).then(() => (isPolling = false))
    const values: number[] = []
    while (isPolling && values.length < requestsPerTurn) values.push(await client.timeStatus())
    await client.call('process/terminate', { processId })
    await Promise.all([poll, closed])
    return values
  }
}
