#!/usr/bin/env node
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { interpretCommandLine } from './cli/command-line.ts'
import { announce, openStandardOutput } from './cli/standard-streams.ts'
import type { Command, Settings } from './config/options.ts'
import { Gateway } from './gateway/gateway.ts'
import { describeHost, noCapabilities, systemFacts } from './gateway/host-environment.ts'
import { inheritableEnvironment } from './processes/inherited-environment.ts'
import { Ledger } from './lifecycle/ledger.ts'
import { Timers } from './lifecycle/timers.ts'
import { ChildReaper } from './processes/child-reaper.ts'
import { Libc } from './processes/libc.ts'
import { NativeEngine } from './processes/native-engine.ts'
import { instanceMarker, Watchdog } from './processes/watchdog.ts'
import { openLog } from './telemetry/logger.ts'

const line = interpretCommandLine(process.argv.slice(2), process.env, path => readFileSync(path, 'utf8'))
switch (line.kind) {
  case 'print':
    process.stdout.write(line.text)
    break
  case 'refuse':
    process.stderr.write(`execgate: ${line.message}\n`)
    process.exitCode = line.exitCode
    break
  case 'run': {
    const { log, flush } = openLog(line.settings.logLevel)
    for (const warning of line.warnings) log.warn(warning)
    try {
      await run(line.command, line.settings, log)
      process.exitCode = 0
    } catch (error) {
      process.stderr.write(`execgate: ${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    }
    flush()
    process.exit()
  }
}

/** Runs a gateway until a signal or the end of its input. */
async function run(command: Command, settings: Settings, log: Logger): Promise<void> {
  const libc = Libc.load()
  using reaper = ChildReaper.open(libc)
  const instance = randomUUID()
  await using _watchdog = settings.watchdog
    ? Watchdog.start({ libc, reaper, instance, log, timers: new Timers(new Ledger()) })
    : undefined
  const markers = new Map(settings.instanceMarker ? [[instanceMarker, instance]] : [])
  const host = systemFacts()
  await using gateway = Gateway.open({
    limits: settings,
    engine: new NativeEngine(libc, reaper),
    children: {
      os: 'linux',
      inheritedEnvironment: () => inheritableEnvironment(process.env),
      loginShell: host.loginShell ?? '/bin/sh',
      markers: () => markers,
      passesTrace: settings.passTrace,
    },
    describeHost: () => describeHost({ capabilities: noCapabilities, extensions: [] }, host),
    log,
  })
  const stopped = untilSignalled(gateway, log)
  if (settings.listen.transport === 'stdio') {
    await Promise.race([gateway.serveStdio(process.stdin, openStandardOutput()), stopped])
  } else {
    announce(await gateway.listen({ ...settings.listen, hasHealthEndpoints: command === 'serve' }))
    await stopped
  }
}

/** The first signal shuts down in order, the second ends everything at once. */
function untilSignalled(gateway: Gateway, log: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isStopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) {
      gateway.killAll()
      process.exit(0)
    }
    isStopping = true
    log.info({ signal }, 'shutting down')
    void gateway.drain().then(resolve)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return promise
}
