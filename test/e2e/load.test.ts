import { expect, test } from 'vitest'
import { LoadReport } from '../../src/load/report/load-report.ts'
import { closedPort } from '../support/closed-port.ts'
import { anyPort, Program } from '../support/program.ts'

test('the program measures a gateway and says so in one JSON object', async () => {
  await using gateway = await Program.listening(['serve', ...anyPort])
  const argv = [
    'load',
    '--target',
    `a=${gateway.url}`,
    '--runs',
    '2',
    '--iterations',
    '5',
    '--json',
    '--max-errors',
    '0',
  ]
  const { status, stdout, stderr } = await Program.run(argv)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(LoadReport.parse(JSON.parse(stdout))).toMatchObject({
    scenario: 'one-shot',
    targets: [{ name: 'a', errors: 0 }],
  })
})

test('a threshold that is missed fails the build', async () => {
  await using gateway = await Program.listening(['serve', ...anyPort])
  const argv = ['load', 'ping', '--target', `a=${gateway.url}`, '--iterations', '5', '--max-p95', '0.001us']
  const { status, stderr } = await Program.run(argv)
  expect(status).toBe(1)
  expect(stderr).toMatch(/^execgate: a: p95 is \S+ ms, more than 0\.000001 ms\n$/)
})

test('a gateway that is not there is told of in one line', async () => {
  const { status, stdout, stderr } = await Program.run(['load', '--target', `nobody=ws://${await closedPort()}`])
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^execgate: target nobody cannot be measured: failed to connect .*\n$/)
})

test('a mistake on the command line is told of in one line', async () => {
  const { status, stderr } = await Program.run(['load', '--rate', 'fast'])
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'execgate: --rate: `fast` is not a number of 0.01 to 100000\n',
  })
})

test('the first signal stops it in order', async () => {
  await using gateway = await Program.listening(['serve', ...anyPort])
  await using load = Program.start(['load', 'soak', '--target', `a=${gateway.url}`, '--runs', '1', '--duration', '1h'])
  const peer = await gateway.connect()
  const sessions = async () => {
    const page = await fetch(new URL('/debug/state', gateway.url.replace(/^ws/, 'http')))
    return ((await page.json()) as { sessions: { count: number } }).sessions.count
  }
  while ((await sessions()) < 2) await peer.call('environment/status', null)
  load.signal('SIGINT')
  const { status, stderr } = await load.ended
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'execgate: the load test was stopped before its end\n' })
})

test('a collector that is away costs a sentence, not the results', async () => {
  await using gateway = await Program.listening(['serve', ...anyPort])
  const argv = ['load', 'ping', '--target', `a=${gateway.url}`, '--iterations', '5']
  const { status, stdout, stderr } = await Program.run(argv, {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${await closedPort()}` },
  })
  expect(status).toBe(0)
  expect(stdout).toContain('per second')
  expect(stderr).toBe('execgate: the last results were not delivered to the collector\n')
})
