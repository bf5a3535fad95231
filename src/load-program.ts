import { runLoadCommand } from './cli/load-command.ts'
import type { LoadSettings } from './cli/load-options.ts'

/** `execgate load`: measures gateways until it is done or told to stop; the second signal ends it at once. @returns the exit status */
export async function loadProgram(settings: LoadSettings): Promise<number> {
  const { stdout, stderr, env: environment } = process
  // A reader that is gone is no reason to measure less.
  for (const stream of [stdout, stderr]) stream.on('error', () => {})
  const abort = new AbortController()
  const stop = () => {
    if (abort.signal.aborted) process.exit(1)
    abort.abort(new Error('the load test was stopped before its end'))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  try {
    return await runLoadCommand({ settings, environment, stdout, stderr, signal: abort.signal })
  } catch (error) {
    stderr.write(`execgate: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  } finally {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
}
