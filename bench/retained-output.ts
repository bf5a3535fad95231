import { type Bench, ratio } from './support/bench.ts'
import type { Client } from './support/client.ts'
import { residentKib } from './support/memory.ts'
import { oneByOne, takeTurns } from './support/samples.ts'
import { Server } from './support/server.ts'

const processes = 256
const bytesEach = 1024 * 1024

/**
 * Whether a start costs more when the gateway holds much output of others: it does for servers that fork. Processes cost something
 * themselves: their descriptors are copied for every child.
 */
export const retainedOutput: Bench = {
  name: 'retained-output',
  async run() {
    await using servers = new AsyncDisposableStack()
    const open = async (script: string | undefined, output: number) => {
      const server = servers.use(await Server.startGateway())
      if (script !== undefined) await fillUp(await server.connect(), script, output)
      return { server, client: await server.connect() }
    }
    const idle = await open(undefined, 0)
    const silent = await open('exec sleep infinity', 0)
    const loaded = await open(`head -c ${bytesEach} /dev/zero; exec sleep infinity`, processes * bytesEach)
    const times = await takeTurns({
      turns: 16,
      warmUpTurns: 4,
      sides: {
        loaded: oneByOne(100, () => loaded.client.timeOneShot()),
        silent: oneByOne(100, () => silent.client.timeOneShot()),
        idle: oneByOne(100, () => idle.client.timeOneShot()),
      },
    })
    const p50 = { label: 'p50', value: times.loaded.p50, unit: 'ms' } as const
    return [
      {
        name: `one-shot, ${processes} × 1 MiB retained`,
        measured: [
          p50,
          { label: 'idle p50', value: times.idle.p50, unit: 'ms' },
          { label: 'resident', value: residentKib(loaded.server.pid) / 1024, unit: 'MiB' },
        ],
        judged: ratio(times.loaded.p50, times.idle.p50),
        bound: { atMost: 1.5 },
      },
      {
        name: `the same against ${processes} silent processes`,
        measured: [p50, { label: 'silent p50', value: times.silent.p50, unit: 'ms' }],
        judged: ratio(times.loaded.p50, times.silent.p50),
        bound: { atMost: 1.2 },
      },
    ]
  },
}

/** Leaves processes behind that have said all they have to say and wait. */
async function fillUp(client: Client, script: string, output: number): Promise<void> {
  await Promise.all(Array.from({ length: processes }, () => client.start(['/bin/sh', '-c', script])))
  if (output > 0) await client.outputReaches(output)
}
