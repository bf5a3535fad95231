import type { ExecBackend } from './backends/exec-backend.ts'
import { ownedBackend } from './backends/owned-backend.ts'
import { openRemoteBackend } from './backends/remote-backend.ts'
import { runCommand, type RunStreams } from './cli/run.ts'
import type { RunRequest } from './cli/run-arguments.ts'
import { Ledger } from './lifecycle/ledger.ts'
import { Timers } from './lifecycle/timers.ts'
import { openEnvironments } from './open-environments.ts'

/** `execgate run`: a command with the standard streams of this program. Resolves to its exit code. */
export function runProgram(request: RunRequest): Promise<number> {
  const { stdin, stdout, stderr } = process
  // What breaks is noticed where something is read or written, if it matters there.
  for (const stream of [stdin, stdout, stderr]) stream.on('error', () => {})
  const timers = new Timers(new Ledger())
  const open = async () => {
    if (request.environment !== undefined) return openNamed(request.environment)
    if (request.url === undefined) {
      // Who runs a command elsewhere needs no gateway here.
      const { openHere } = await import('./open-here.ts')
      return openHere()
    }
    return openRemoteBackend(request.url, { clientName: 'execgate-run' })
  }
  return runCommand(open, request, { stdin, stdout, stderr, timers, onSignal })
}

/** An environment of `environments.toml`. What else stands there is let go of with it. */
async function openNamed(id: string): Promise<ExecBackend> {
  await using acquired = new AsyncDisposableStack()
  const environments = acquired.use(openEnvironments({ only: id }))
  const backend = await environments.get(id).use()
  return ownedBackend(backend, acquired.move())
}

const onSignal: RunStreams['onSignal'] = listener => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
  for (const signal of signals) process.on(signal, listener)
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
