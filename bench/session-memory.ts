import type { Bench } from './support/bench.ts'
import { residentKib } from './support/memory.ts'
import { Server } from './support/server.ts'

const warmUpSessions = 100
const sessions = 300

/** What a session costs that has a connection and a process which does nothing. */
export const sessionMemory: Bench = {
  name: 'session-memory',
  async run() {
    await using gateway = await Server.startGateway()
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
    return [
      {
        name: 'memory of an idle session',
        measured: [
          { label: `before`, value: before / 1024, unit: 'MiB' },
          { label: `${sessions} more`, value: after / 1024, unit: 'MiB' },
        ],
        judged: { value: (after - before) / sessions, unit: 'KiB' },
        bound: { atMost: 60 },
      },
    ]
  },
}
