import { type Bench, type BenchContext, type Finding, ratio } from './support/bench.ts'
import { besideReference } from './support/beside-reference.ts'
import { RawSpawner } from './support/raw-spawner.ts'
import { oneByOne, takeTurns } from './support/samples.ts'
import { Server } from './support/server.ts'

/** A process that ends at once, from the request to the last notification. */
export const oneShot: Bench = {
  name: 'one-shot',
  run: async context => [await besideRawSpawn(), await besideReferenceServer(context)],
}

/** Against the least anybody can do: posix_spawn(3) with pipes that are read to their end. */
async function besideRawSpawn(): Promise<Finding> {
  await using gateway = await Server.startGateway()
  using spawner = new RawSpawner()
  const client = await gateway.connect()
  const times = await takeTurns({
    turns: 16,
    warmUpTurns: 4,
    sides: {
      gateway: oneByOne(100, () => client.timeOneShot()),
      raw: oneByOne(100, () => spawner.timeSpawnWithPipes()),
      plain: oneByOne(100, () => spawner.timeSpawn()),
    },
  })
  return {
    name: 'one-shot against raw spawn',
    measured: [
      { label: 'p50', value: times.gateway.p50, unit: 'ms' },
      { label: 'p95', value: times.gateway.p95, unit: 'ms' },
      { label: 'raw p50', value: times.raw.p50, unit: 'ms' },
      { label: 'raw p95', value: times.raw.p95, unit: 'ms' },
      { label: 'without pipes p50', value: times.plain.p50, unit: 'ms' },
    ],
    judged: ratio(times.gateway.p50, times.raw.p50),
    // The aim is 1.5; 1.30 to 1.36 are measured where nothing else runs, and more where something does.
    bound: { atMost: 1.8 },
  }
}

async function besideReferenceServer(context: BenchContext): Promise<Finding> {
  const { gateway, reference } = await besideReference(context, {
    turns: 16,
    warmUpTurns: 4,
    turn: client => oneByOne(4, () => client.timeOneShot()),
  })
  return {
    name: 'one-shot against the reference',
    measured: [
      { label: 'p50', value: gateway.p50, unit: 'ms' },
      ...(reference === undefined ? [] : [{ label: 'reference p50', value: reference.p50, unit: 'ms' } as const]),
    ],
    judged: reference && ratio(gateway.p50, reference.p50),
    bound: { atMost: 1 },
  }
}
