import { hostname } from 'node:os'
import type { Settings } from './config/options.ts'
import { describeHost, offerOf, systemFacts } from './gateway/host-environment.ts'
import { FileCalls } from './libc/file-calls.ts'
import { inheritableEnvironment } from './processes/inherited-environment.ts'
import type { OpenEngine } from './processes/open-engine.ts'

/** What a gateway takes from the program it runs in and from its machine, by the parts of its options. */
export function thisProgram({ engine, native }: OpenEngine, { fileMode }: Settings) {
  const host = systemFacts()
  const inheritedEnvironment = () => inheritableEnvironment(process.env)
  return {
    machine: {
      engine,
      fileCalls: native && FileCalls.open(native.libc.library),
      describeHost: () => describeHost(offerOf(fileMode), host),
    },
    children: { os: 'linux', inheritedEnvironment, loginShell: host.loginShell ?? '/bin/sh' },
    fetching: { environment: process.env, variables: (name: string) => inheritedEnvironment().get(name) },
    clients: { homeDir: host.homeDir, hostname: hostname() },
  } as const
}
