import { eventually } from './eventually.ts'
import { ForeignProcess } from './foreign-process.ts'
import type { Peer } from './peer.ts'
import { plainPath } from './program.ts'

const program = 'sleep 300'

/**
 * A process in a session of its own that outlives whatever started it. It has become what it is to be: between two programs
 * it has no environment that could tell whose it is.
 */
export async function daemonise(peer: Peer, processId: string): Promise<ForeignProcess> {
  const script = `setsid ${program} >/dev/null 2>&1 </dev/null & echo $!`
  await peer.start(processId, ['/bin/sh', '-c', script], { env: { PATH: plainPath } })
  await peer.event(processId, 'process/closed')
  const pid = Number(peer.output(processId, 'stdout').toString())
  await eventually(() => ForeignProcess.of(pid).commandLine === program, 'the daemon runs')
  return ForeignProcess.of(pid)
}
