import { pino } from 'pino'
import type { ExecBackend } from './backends/exec-backend.ts'
import { openLocalBackend } from './backends/local-backend.ts'
import { ownedBackend } from './backends/owned-backend.ts'
import { variableOf } from './config/options.ts'
import { loadSettings } from './config/settings.ts'
import { isProblem } from './config/problem.ts'
import { Gateway } from './gateway/gateway.ts'
import { Ledger } from './lifecycle/ledger.ts'
import { Timers } from './lifecycle/timers.ts'
import { LaunchRegistry } from './processes/launch-registry.ts'
import { openEngine } from './processes/open-engine.ts'
import { GatewayError } from './protocol/gateway-error.ts'
import { thisProgram } from './this-program.ts'

/** A gateway in this program, with the defaults of every option but the engine, and nobody to watch it. */
export async function openHere(): Promise<ExecBackend> {
  const variable = variableOf('engine')
  const environment = { [variable]: process.env[variable] }
  const loaded = loadSettings({ command: 'exec-server', argv: [], environment, readFile: () => '' })
  if (isProblem(loaded)) throw new GatewayError('refused', loaded.problem)
  await using acquired = new AsyncDisposableStack()
  const timers = new Timers(new Ledger())
  // The end of a child is told by a signal, and waiting for one keeps no program alive.
  acquired.use(timers.after(Infinity, () => {}))
  const opened = acquired.use(openEngine(loaded.settings.engine))
  const { machine, children, fetching, clients } = thisProgram(opened, loaded.settings)
  const gateway = acquired.use(
    Gateway.open({
      ...machine,
      limits: loaded.settings,
      children: {
        ...children,
        markers: () => new Map(),
        launches: new LaunchRegistry(),
        passesTrace: true,
      },
      fetching: { ...fetching, targets: { policy: 'all', allow: [], deny: [] } },
      clientConfig: { ...clients, folder: undefined },
      log: pino({ level: 'silent' }),
    }),
  )
  const backend = acquired.use(await openLocalBackend(gateway))
  return ownedBackend(backend, acquired.move())
}
