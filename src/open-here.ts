import { hostname } from 'node:os'
import { pino } from 'pino'
import type { ExecBackend } from './backends/exec-backend.ts'
import { openLocalBackend } from './backends/local-backend.ts'
import { ownedBackend } from './backends/owned-backend.ts'
import { variableOf } from './config/options.ts'
import { loadSettings } from './config/settings.ts'
import { isProblem } from './config/problem.ts'
import { Gateway } from './gateway/gateway.ts'
import { describeHost, offerOf, systemFacts } from './gateway/host-environment.ts'
import { FileCalls } from './libc/file-calls.ts'
import { Ledger } from './lifecycle/ledger.ts'
import { Timers } from './lifecycle/timers.ts'
import { inheritableEnvironment } from './processes/inherited-environment.ts'
import { LaunchRegistry } from './processes/launch-registry.ts'
import { openEngine } from './processes/open-engine.ts'

/** A gateway in this program, with the defaults of every option but the engine, and nobody to watch it. */
export async function openHere(): Promise<ExecBackend> {
  const variable = variableOf('engine')
  const environment = { [variable]: process.env[variable] }
  const loaded = loadSettings({ command: 'exec-server', argv: [], environment, readFile: () => '' })
  if (isProblem(loaded)) throw new Error(loaded.problem)
  await using acquired = new AsyncDisposableStack()
  const timers = new Timers(new Ledger())
  // The end of a child is told by a signal, and waiting for one keeps no program alive.
  acquired.use(timers.after(Infinity, () => {}))
  const { engine, native } = acquired.use(openEngine(loaded.settings.engine))
  const host = systemFacts()
  const gateway = acquired.use(
    Gateway.open({
      limits: loaded.settings,
      engine,
      fileCalls: native && FileCalls.open(native.libc.library),
      children: {
        os: 'linux',
        inheritedEnvironment: () => inheritableEnvironment(process.env),
        loginShell: host.loginShell ?? '/bin/sh',
        markers: () => new Map(),
        launches: new LaunchRegistry(),
        passesTrace: true,
      },
      fetching: {
        targets: { policy: 'all', allow: [], deny: [] },
        environment: process.env,
        variables: name => inheritableEnvironment(process.env).get(name),
      },
      clientConfig: { folder: undefined, homeDir: host.homeDir, hostname: hostname() },
      describeHost: () => describeHost(offerOf(loaded.settings.fileMode), host),
      log: pino({ level: 'silent' }),
    }),
  )
  const backend = acquired.use(await openLocalBackend(gateway))
  return ownedBackend(backend, acquired.move())
}
