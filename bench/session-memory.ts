import type { Bench, Finding } from './support/bench.ts'
import { residentKib } from './support/memory.ts'
import { Server } from './support/server.ts'

/** What a gateway takes once for its first many sessions, such as arenas of the allocator, is not counted. */
const warmUpSessions = 800
const sessions = 700

/** The young generation of V8 grows to 48 MiB when it may. */
const smallYoungGeneration = '--max-semi-space-size=1'

/** What a session costs that has a connection and a process which does nothing. */
export const sessionMemory: Bench = {
  name: 'session-memory',
  async run() {
    return [
      await measure('memory of an idle session', '', 70),
      await measure(`the same with ${smallYoungGeneration}`, smallYoungGeneration, 30),
    ]
  },
}

async function measure(name: string, nodeOptions: string, atMost: number): Promise<Finding> {
  await using gateway = await Server.startGateway({
    NODE_OPTIONS: nodeOptions,
    EXECGATE_MAX_CONNECTIONS: '2000',
    EXECGATE_MAX_SESSIONS: '2000',
    EXECGATE_MAX_PROCESSES: '2000',
  })
  const open = async (count: number) => {
    for (let opened = 0; opened < count; opened++) {
      const client = await gateway.connect()
      await client.start(['/bin/sleep', 'infinity'])
    }
  }
  await open(warmUpSessions)
  const before = residentKib(gateway.pid)
  await open(sessions)
  const after = residentKib(gateway.pid)
  return {
    name,
    measured: [
      { label: `with ${warmUpSessions}`, value: before / 1024, unit: 'MiB' },
      { label: `${sessions} more`, value: after / 1024, unit: 'MiB' },
    ],
    judged: { value: (after - before) / sessions, unit: 'KiB' },
    bound: { atMost },
  }
}
