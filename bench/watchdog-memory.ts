import type { Bench } from './support/bench.ts'
import { childNamed, privateKib, residentKib } from './support/memory.ts'
import { Server } from './support/server.ts'

/** What the process costs that outlives the gateway. */
export const watchdogMemory: Bench = {
  name: 'watchdog-memory',
  async run() {
    await using gateway = await Server.startGateway()
    const client = await gateway.connect()
    // By then the shell has long read its script.
    await client.timeOneShot()
    const watchdog = childNamed(gateway.pid, 'execgate-watchdog')
    return [
      {
        name: 'memory of the watchdog',
        measured: [{ label: 'resident', value: residentKib(watchdog) / 1024, unit: 'MiB' }],
        judged: { value: privateKib(watchdog) / 1024, unit: 'MiB' },
        bound: { atMost: 2 },
      },
    ]
  },
}
