import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { runCommand } from '../../src/cli/run.ts'
import { ExecClient } from '../../src/client/execgate-client.ts'
import { Ledger } from '../../src/lifecycle/ledger.ts'
import { Timers } from '../../src/lifecycle/timers.ts'
import { startGateway } from '../support/start-gateway.ts'

/** Runs a command with streams that a test has in its hand. */
function runWith(url: string, command: readonly string[]) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const request = {
    command,
    url,
    environment: undefined,
    tty: false,
    interactive: true,
    env: {},
    cwd: undefined,
    timeoutMs: undefined,
  }
  const onSignal = () => ({ [Symbol.dispose]: () => {} })
  const timers = new Timers(new Ledger())
  const status = runCommand(() => ExecClient.connect(url), request, { ...streams, timers, onSignal })
  return { ...streams, status }
}

it('ends a command whose input breaks here, and says so', async () => {
  await using gateway = await startGateway()
  const running = runWith(gateway.url, ['cat'])
  running.stdin.write('the beginning')
  expect(String(await once(running.stdout, 'data'))).toBe('the beginning')
  running.stdin.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  expect(await running.status).toBe(125)
  expect(String(running.stderr.read())).toBe('execgate: standard input cannot be read: read ECONNRESET\n')
})

it('takes the end of a terminal for the end of the input', async () => {
  await using gateway = await startGateway()
  const running = runWith(gateway.url, ['sh', '-c', 'echo ready; cat; exit 4'])
  await once(running.stdout, 'data')
  running.stdin.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }))
  expect(await running.status).toBe(4)
})
