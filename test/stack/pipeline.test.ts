import { expect, it } from 'vitest'
import { anyPort, Program } from '../support/program.ts'
import { Pipeline } from './support/pipeline.ts'

const intervalMs = 1000

/** A gateway that exports every second, under a name. */
function gateway(pipeline: Pipeline, instance: string): Promise<Program> {
  return Program.listening(['serve', ...anyPort], {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: pipeline.endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs),
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${instance}`,
    },
  })
}

const finished = 'exec_server_processes_finished_total{job="execgate"}'

it(
  'counts exactly, for each gateway, over idle cycles and while the collector is away',
  { timeout: 180_000 },
  async () => {
    await using pipeline = await Pipeline.start({ stateExpiration: '5s' })
    await using first = await gateway(pipeline, 'first')
    await using second = await gateway(pipeline, 'second')
    const [one, two] = [await first.connect(), await second.connect()]
    for (let index = 0; index < 7; index++) await one.run(`a${index}`, `exit ${index % 2}`)
    await two.run('b', 'true')
    const truth = { 'first success': 4, 'first error': 3, 'second success': 1 }
    const holds = (expected: Record<string, number>) => (values: Record<string, number>) =>
      Object.entries(expected).every(([key, value]) => values[key] === value)
    expect(await pipeline.settled(finished, holds(truth), 'instance', 'result')).toMatchObject(truth)

    // Five exports without news, then news again.
    const heartbeat = 'exec_server_heartbeat_timestamp_seconds{instance="first"}'
    // Counts and states come by two doors of the collector, scraped apart: the one may be there before the other.
    const [since = Number.NaN] = Object.values(
      await pipeline.settled(heartbeat, values => Object.keys(values).length > 0),
    )
    const idle = await pipeline.settled(heartbeat, values => (Object.values(values)[0] ?? 0) >= since + 5)
    expect(Object.values(idle)[0]).toBeGreaterThanOrEqual(since + 5)
    await one.run('idle', 'true')
    const afterIdle = { ...truth, 'first success': 5 }
    expect(await pipeline.settled(finished, holds(afterIdle), 'instance', 'result')).toMatchObject(afterIdle)

    // What is exported meanwhile waits at the gateway. The collector has forgotten its totals and begins at zero again:
    // increase() over the restart stays right, which is what dashboards and alerts ask for.
    await pipeline.withoutCollector(async () => {
      for (let index = 0; index < 5; index++) await two.run(`c${index}`, 'true')
    })
    const afterRestart = { 'second success': 5 }
    expect(await pipeline.settled(finished, holds(afterRestart), 'instance', 'result')).toMatchObject(afterRestart)
    const requests = 'exec_server_requests_total{method="process/start",result="success"}'
    expect(await pipeline.query(`sum(${requests})`)).toEqual({ '': 5 })
  },
)

it('forgets the state of a gateway that was killed, and of no other', { timeout: 120_000 }, async () => {
  await using pipeline = await Pipeline.start({ stateExpiration: `${(3 * intervalMs) / 1000}s` })
  await using killed = await gateway(pipeline, 'killed')
  await using alive = await gateway(pipeline, 'alive')
  await alive.connect()
  const connections = 'exec_server_connections_active{transport="websocket"}'
  const both = await pipeline.settled(
    connections,
    values => Object.keys(values).length === 2 && values['alive'] === 1,
    'instance',
  )
  expect(both).toEqual({ killed: 0, alive: 1 })
  killed.signal('SIGKILL')
  await killed.exited
  const left = await pipeline.settled(connections, values => !('killed' in values), 'instance')
  expect(left).toEqual({ alive: 1 })
})

it('brings traces to Tempo and logs to Loki whole', { timeout: 120_000 }, async () => {
  await using pipeline = await Pipeline.start({ stateExpiration: '5s' })
  await using program = await gateway(pipeline, 'traced')
  const peer = await program.connect()
  // Of errors every trace is kept.
  await peer.request('process/start', {
    processId: 'p',
    argv: ['/no/such/program'],
    cwd: 'file:///',
    env: {},
    tty: false,
  })
  await pipeline.sink.until(() => pipeline.sink.spans.some(({ name }) => name === 'process spawn'))
  const spawn = pipeline.sink.spans.find(({ name }) => name === 'process spawn')
  const request = pipeline.sink.spans.find(({ spanId }) => spanId === spawn?.parentSpanId)
  expect(request).toMatchObject({ name: 'process/start', traceId: spawn?.traceId })
  await pipeline.sink.until(() => pipeline.sink.logs.some(({ body }) => body === 'session created'))
  expect(
    await pipeline.settled('traces_span_metrics_calls_total', values => Object.keys(values).length > 0, 'span_name'),
  ).toHaveProperty('process/start')
})
