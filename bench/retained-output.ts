import { type Bench, ratio } from './support/bench.ts'
import type { Client } from './support/client.ts'
import { residentKib } from './support/memory.ts'
import { oneByOne, takeTurns } from './support/samples.ts'
import { Server } from './support/server.ts'

const processes = 256
const bytesEach = 1024 * 1024

/** Whether a start costs more when the gateway holds much output of others: it does for servers that fork. */
export const retainedOutput: Bench = {
  name: 'retained-output',
  async run() {
    await using idle = await Server.startGateway()
    await using loaded = await Server.startGateway()
    const beside = await idle.connect()
    const loading = await loaded.connect()
    await fillUp(loading)
    const among = await loaded.connect()
    const times = await takeTurns({
      turns: 16,
      warmUpTurns: 4,
      sides: {
        loaded: oneByOne(100, () => among.timeOneShot()),
        idle: oneByOne(100, () => beside.timeOneShot()),
      },
    })
    return [
      {
        name: `one-shot, ${processes} × 1 MiB retained`,
        measured: [
          { label: 'p50', value: times.loaded.p50, unit: 'ms' },
          { label: 'idle p50', value: times.idle.p50, unit: 'ms' },
          { label: 'resident', value: residentKib(loaded.pid) / 1024, unit: 'MiB' },
        ],
        judged: ratio(times.loaded.p50, times.idle.p50),
        bound: { atMost: 1.5 },
      },
    ]
  },
}

/** Leaves processes behind that have said all they have to say and wait. */
async function fillUp(client: Client): Promise<void> {
  const script = `head -c ${bytesEach} /dev/zero; exec sleep infinity`
  const starts = Array.from({ length: processes }, () => client.start(['/bin/sh', '-c', script]))
  await Promise.all(starts)
  await client.outputReaches(processes * bytesEach)
}
