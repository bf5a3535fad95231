import type { Bench, Finding } from './support/bench.ts'
import { residentAfterRelease, residentKib } from './support/memory.ts'
import { Server } from './support/server.ts'

const sessions = 1000

/** What a session costs that has a connection and a process which does nothing. */
export const sessionMemory: Bench = {
  name: 'session-memory',
  async run() {
    await using gateway = await Server.startGateway({
      EXECGATE_MAX_CONNECTIONS: '2000',
      EXECGATE_MAX_SESSIONS: '2000',
      EXECGATE_MAX_PROCESSES: '2000',
      EXECGATE_RELEASE_MEMORY_AFTER: '1s',
    })
    const before = await residentAfterRelease(gateway.pid)
    for (let opened = 0; opened < sessions; opened++) {
      const client = await gateway.connect()
      await client.start(['/bin/sleep', 'infinity'])
    }
    const full = residentKib(gateway.pid)
    const after = await residentAfterRelease(gateway.pid)
    return [
      finding(`memory of an idle session, of ${sessions}`, { before, after }, 30),
      finding('the same before any is given back', { before, after: full }, 110),
    ]
  },
}

function finding(name: string, { before, after }: { before: number; after: number }, atMost: number): Finding {
  return {
    name,
    measured: [
      { label: 'without', value: before / 1024, unit: 'MiB' },
      { label: 'with', value: after / 1024, unit: 'MiB' },
    ],
    judged: { value: (after - before) / sessions, unit: 'KiB' },
    bound: { atMost },
  }
}
