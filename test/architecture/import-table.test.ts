import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

/** What each room of src/ may import, itself aside. A new room gets a row here and in docs/architecture.md first. */
const table: Record<string, readonly string[]> = {
  protocol: [],
  lifecycle: [],
  libc: ['protocol'],
  telemetry: ['protocol', 'lifecycle'],
  config: ['protocol'],
  processes: ['protocol', 'lifecycle', 'libc', 'telemetry'],
  filesystem: ['protocol', 'lifecycle', 'libc', 'telemetry'],
  sessions: ['protocol', 'lifecycle', 'telemetry', 'processes'],
  leaks: ['protocol', 'lifecycle', 'libc', 'telemetry', 'processes'],
  fetching: ['protocol', 'lifecycle', 'telemetry'],
  discovery: ['protocol'],
  gateway: [
    'protocol',
    'lifecycle',
    'libc',
    'telemetry',
    'config',
    'processes',
    'filesystem',
    'sessions',
    'fetching',
    'discovery',
  ],
  client: ['protocol', 'lifecycle', 'telemetry'],
  backends: ['protocol', 'lifecycle', 'telemetry', 'config', 'processes', 'gateway', 'client'],
  load: ['client', 'protocol', 'lifecycle', 'telemetry'],
  cli: ['protocol', 'lifecycle', 'libc', 'telemetry', 'config', 'processes', 'gateway', 'client', 'backends', 'load'],
}

/** Packages that live behind one door. */
const doors: Record<string, readonly string[]> = {
  koffi: ['libc/library.ts'],
  'node-pty': ['processes/node-pty.ts'],
  fastify: ['gateway/websocket-listener.ts', 'gateway/admin-listener.ts', 'gateway/pages.ts'],
  '@fastify/websocket': ['gateway/websocket-listener.ts'],
  ws: ['gateway/websocket-transport.ts', 'client/websocket-channel.ts'],
  'hdr-histogram-js': ['load/latency-histogram.ts'],
  undici: ['fetching/http-connection.ts', 'fetching/connectors.ts'],
  'smol-toml': ['config/config-file.ts', 'discovery/toml-selection.ts', 'backends/environments-file.ts'],
}

/** Each SDK package has one door, the API a few. */
const telemetryDoors = new Set(
  [
    'opentelemetry',
    'opentelemetry-tracing',
    'sampler',
    'span-ids',
    'call-tracing',
    'log-relay',
    'resend-queue',
    'sdk-diagnostics',
    'load-export',
  ].map(name => `telemetry/${name}.ts`),
)
/** What puts the rooms together, and is imported by no room. */
const wiring = new Set([
  'main.ts',
  'observation.ts',
  'run-program.ts',
  'load-program.ts',
  'serve-program.ts',
  'this-program.ts',
  'open-here.ts',
  'open-environments.ts',
])

const source = path.resolve(import.meta.dirname, '../../src')

interface Import {
  readonly file: string
  readonly specifier: string
}

/** Static, dynamic and type imports and re-exports alike. */
function importsOf(file: string, text: string): Import[] {
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\)?\(\s*|createRequire\([^)]*\)\(\s*)'([^']+)'/g)
  return Array.from(found, ([, specifier = '']) => ({ file, specifier }))
}

function violations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, specifier }) => {
    const [room = ''] = file.split('/')
    if (!specifier.startsWith('.')) {
      if (specifier.startsWith('@opentelemetry/') && !telemetryDoors.has(file)) {
        return [`${file} imports ${specifier}, which lives in telemetry`]
      }
      const door = doors[specifier]
      return door !== undefined && !door.includes(file)
        ? [`${file} imports ${specifier}, which lives in ${door.join(', ')}`]
        : []
    }
    const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
    if (target.startsWith('..'))
      return target === '../package.json' ? [] : [`${file} imports ${specifier}, outside src`]
    const [targetRoom = ''] = target.split('/')
    if (wiring.has(target) && !wiring.has(file)) return [`${file} imports ${target}`]
    if (wiring.has(file) || targetRoom === room || table[room]?.includes(targetRoom)) return []
    return [`${file} imports ${target}: ${room} may not import ${targetRoom}`]
  })
}

const files = globSync('**/*.ts', { cwd: source }).filter(file => !file.endsWith('.test.ts'))
const imports = files.flatMap(file => importsOf(file, readFileSync(path.join(source, file), 'utf8')))

it('keeps every import within the table of rooms', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(violations(imports)).toEqual([])
})

it('has a row for every room and no row without one', () => {
  const rooms = new Set(files.filter(file => file.includes('/')).map(file => file.split('/')[0]))
  expect([...rooms].toSorted()).toEqual(Object.keys(table).toSorted())
})

it.each([
  ['processes/spawn.ts', `import { x } from '../gateway/gateway.ts'`],
  ['protocol/scalars.ts', `import type { Ledger } from '../lifecycle/ledger.ts'`],
  ['config/options.ts', `export { y } from '../processes/engine.ts'`],
  ['sessions/session.ts', `const z = await import('../gateway/outbox.ts')`],
  ['gateway/gateway.ts', `import koffi from 'koffi'`],
  ['gateway/gateway.ts', `const koffi = createRequire(import.meta.url)('koffi')`],
  ['processes/portable-engine.ts', `import { spawn } from 'node-pty'`],
  ['cli/help.ts', `import { run } from '../main.ts'`],
  ['gateway/gateway.ts', `import { Observation } from '../observation.ts'`],
  ['load/stage.ts', `import { Gateway } from '../gateway/gateway.ts'`],
  ['load/bootstrap.ts', `import { build } from 'hdr-histogram-js'`],
  ['gateway/dispatcher.ts', `import { trace } from '@opentelemetry/api'`],
  ['cli/help.ts', `import '../../test/support/peer.ts'`],
])('notices that %s may not say %s', (file, text) => {
  expect(violations(importsOf(file, text))).toHaveLength(1)
})
