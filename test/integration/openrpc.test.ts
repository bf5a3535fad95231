import { expect, it } from 'vitest'
import { openRpcDocument } from '../../src/protocol/openrpc.ts'
import { problemsOfValue } from '../support/openrpc-check.ts'
import { startGateway } from '../support/start-gateway.ts'

const { methods, 'x-notifications': notifications } = openRpcDocument('')

/** What a reply lacks, or has wrongly, by the document. */
function problemsOfResult(method: string, result: unknown): string[] {
  return problemsOfValue(methods.find(({ name }) => name === method)?.result?.schema ?? { not: {} }, result)
}

it('describes what a gateway answers and tells', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.open()
  const initialized = await peer.call('initialize', { clientName: 'test' })
  peer.send({ method: 'initialized' })
  await peer.run('p', 'echo hello; exit 3')
  const calls = {
    initialize: initialized,
    'environment/info': await peer.call('environment/info', null),
    'environment/status': await peer.call('environment/status', null),
    'process/start': await peer.call('process/start', {
      processId: 'q',
      argv: ['sleep', '300'],
      cwd: 'file:///tmp',
      env: { PATH: '/usr/bin:/bin' },
      tty: false,
    }),
    'process/read': await peer.call('process/read', { processId: 'p' }),
    'process/write': await peer.call('process/write', { processId: 'q', chunk: '', writeId: '1' }),
    'process/signal': await peer.call('process/signal', { processId: 'p', signal: 'interrupt' }),
    'process/terminate': await peer.call('process/terminate', { processId: 'q' }),
  }
  for (const [method, result] of Object.entries(calls)) expect(problemsOfResult(method, result), method).toEqual([])
  for (const { name, params } of notifications) {
    const { params: told } = await peer.until(({ method }) => method === name)
    for (const param of params.filter(({ required }) => required)) {
      expect(problemsOfValue(param.schema, told[param.name]), `${name} ${param.name}`).toEqual([])
    }
  }
})
