import type { BenchContext } from './bench.ts'
import type { Client } from './client.ts'
import { type Samples, takeTurns, type Turn } from './samples.ts'
import { Server } from './server.ts'

/** Measures the gateway, in turns with the reference where there is one. */
export async function besideReference(
  { startReference }: BenchContext,
  { turns, warmUpTurns, turn }: { turns: number; warmUpTurns: number; turn: (client: Client) => Turn },
): Promise<{ gateway: Samples; reference: Samples | undefined }> {
  await using gateway = await Server.startGateway()
  const ours = turn(await gateway.connect())
  if (startReference === undefined) {
    return { reference: undefined, ...(await takeTurns({ turns, warmUpTurns, sides: { gateway: ours } })) }
  }
  await using reference = await startReference()
  const theirs = turn(await reference.connect())
  return await takeTurns({ turns, warmUpTurns, sides: { gateway: ours, reference: theirs } })
}
