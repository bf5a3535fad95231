import type { BenchContext } from './bench.ts'
import type { Client } from './client.ts'
import { onOneCore } from './one-core.ts'
import { type Samples, takeTurns, type Turn } from './samples.ts'
import { Server } from './server.ts'

export interface ComparisonWithReference {
  readonly turns: number
  readonly warmUpTurns: number
  readonly turn: (client: Client) => Turn
  /** For what takes less time than waking up another core. */
  readonly isOnOneCore?: boolean
}

/** Measures the gateway, in turns with the reference where there is one. */
export async function besideReference(
  { startReference }: BenchContext,
  { turns, warmUpTurns, turn, isOnOneCore = false }: ComparisonWithReference,
): Promise<{ gateway: Samples; reference: Samples | undefined }> {
  await using gateway = await Server.startGateway()
  const ours = turn(await gateway.connect())
  if (startReference === undefined) {
    using _core = isOnOneCore ? onOneCore([gateway.pid]) : undefined
    return { reference: undefined, ...(await takeTurns({ turns, warmUpTurns, sides: { gateway: ours } })) }
  }
  await using reference = await startReference()
  const theirs = turn(await reference.connect())
  using _core = isOnOneCore ? onOneCore([gateway.pid, reference.pid]) : undefined
  return await takeTurns({ turns, warmUpTurns, sides: { gateway: ours, reference: theirs } })
}
