import { expect, it } from 'vitest'
import type { ConnectionSpan, RequestSpan, Tracing } from '../../src/telemetry/tracing.ts'
import { startGateway } from '../support/start-gateway.ts'

/** Notes what is opened and ended. */
class NotedTracing implements Tracing {
  readonly notes: string[] = []

  startConnection(): ConnectionSpan {
    this.notes.push('connection')
    return {
      startRequest: ({ method }) => {
        this.notes.push(method)
        return { ids: { trace_id: '', span_id: '' }, dispatched() {}, end() {} } as unknown as RequestSpan
      },
      end: () => this.notes.push('connection ended'),
    }
  }
}

it('traces what comes on a connection that is older than the tracing', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const silent = await gateway.connect()
  const tracing = new NotedTracing()
  gateway.gateway.telemetry.tracing = tracing
  await peer.call('environment/status', {})
  await peer.call('environment/status', {})
  await peer.cut()
  await silent.cut()
  await gateway.gateway.drain()
  expect(tracing.notes).toEqual(['connection', 'environment/status', 'environment/status', 'connection ended'])
})
