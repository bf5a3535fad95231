import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Peer } from '../support/peer.ts'
import { anyPort, plainPath, Program } from '../support/program.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

const everything = { inherit: 'all' as const, ignoreDefaultExcludes: true, exclude: [], set: {}, includeOnly: [] }

/** The environment of a child that inherits whatever it may. */
const mark = /^[\da-f-]{36}:[\da-f-]{36}:\d+:\d+:\d+:\d+:\d+$/

async function inheritedBy(peer: Peer, processId: string): Promise<Record<string, string>> {
  await peer.start(processId, ['/usr/bin/env', '-0'], { envPolicy: everything })
  await peer.event(processId, 'process/closed')
  const entries = peer.output(processId, 'stdout').toString().split('\0').slice(0, -1)
  return Object.fromEntries(entries.map(entry => entry.split(/=(.*)/s, 2)))
}

test('a process inherits the environment of the gateway and the mark of its instance', async () => {
  await using program = await Program.listening(['exec-server'], { env: { HOME: '/home/u', FRUIT: 'apple' } })
  const peer = await program.connect()
  const first = await inheritedBy(peer, 'first')
  expect(first).toEqual({
    PATH: plainPath,
    HOME: '/home/u',
    FRUIT: 'apple',
    EXECGATE_INSTANCE: expect.stringMatching(mark),
  })
  const second = await inheritedBy(await program.connect(), 'second')
  const instanceOf = ({ EXECGATE_INSTANCE = '' }) => EXECGATE_INSTANCE.slice(0, 36)
  expect(instanceOf(second)).toBe(instanceOf(first))
  expect(second['EXECGATE_INSTANCE']).not.toBe(first['EXECGATE_INSTANCE'])
})

test('every run of the gateway has a mark of its own', async () => {
  const marks: (string | undefined)[] = []
  for (const processId of ['first', 'second']) {
    await using program = await Program.listening(['exec-server'])
    marks.push((await inheritedBy(await program.connect(), processId))['EXECGATE_INSTANCE'])
  }
  expect(new Set(marks)).toHaveProperty('size', 2)
})

test('without the marker a process inherits nothing else', async () => {
  const env = { HOME: '/home/u' }
  await using program = await Program.listening(['exec-server', '--no-instance-marker', '--no-watchdog'], { env })
  expect(await inheritedBy(await program.connect(), 'p')).toEqual({ PATH: plainPath, ...env })
})

test('a process without an environment policy gets its own variables and the mark alone', async () => {
  await using program = await Program.listening(['exec-server'], { env: { FRUIT: 'apple' } })
  const peer = await program.connect()
  await peer.start('p', ['/usr/bin/env'], { env: { COLOUR: 'red' } })
  await peer.event('p', 'process/closed')
  expect(peer.output('p').toString().split('\n').toSorted()).toEqual([
    '',
    'COLOUR=red',
    expect.stringMatching(/^EXECGATE_INSTANCE=/),
  ])
})

test('the settings of the gateway and the credentials of its telemetry stay with it', async () => {
  const env = {
    EXECGATE_LOG_LEVEL: 'fatal',
    EXECGATE_INSTANCE: 'of another gateway, whose process this one is',
    EXECGATE_ANYTHING: 'at all',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=secret',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
  }
  await using program = await Program.listening(['exec-server'], { env })
  const inherited = await inheritedBy(await program.connect(), 'p')
  expect(Object.keys(inherited).toSorted()).toEqual([
    'EXECGATE_INSTANCE',
    'HOME',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'PATH',
    'TRACEPARENT',
  ])
  expect(inherited['EXECGATE_INSTANCE']).toMatch(mark)
})

test('nothing of npm reaches a process when the gateway runs under `npm start`', async () => {
  const npm = execFileSync('/bin/sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
  const path = `${process.execPath.replace(/\/[^/]*$/, '')}:${plainPath}:/opt/project/node_modules/.bin`
  await using program = await Program.listening(['start', '--', ...anyPort], {
    command: [npm],
    cwd: checkout,
    env: { PATH: path },
  })
  const inherited = await inheritedBy(await program.connect(), 'p')
  const added = Object.keys(inherited).filter(name => /^npm_|^INIT_CWD$|^NODE$/.test(name))
  expect(added).toEqual([])
  expect(inherited['PATH']).toBe(path)
})
