import { expect, it } from 'vitest'
import { anyPort, Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { filledIn, readDashboards } from './pictures/dashboard-json.ts'
import { Pipeline } from './support/pipeline.ts'

const queries = readDashboards().flatMap(({ uid, panels }) =>
  panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ panel: `${uid}: ${title}`, expr }))),
)

/** What has to have happened for good: counters are exported as zeros too, which a panel shows as an answer. */
const provoked = [
  'exec_server_file_operations_total{result="success"}',
  'exec_server_file_bytes_total{direction="read"}',
  'exec_server_file_refusals_total{option="fileRoots"}',
  'exec_server_file_refusals_total{option="readOnlyFileRoots"}',
  'exec_server_fetch_connections_total{use="new"}',
  'exec_server_fetch_connections_total{use="reused"}',
]

/**
 * Makes everything happen that a panel may show, but what goes wrong.
 * @param readable a file that may be read and not changed
 */
async function load(program: Program, round: number, readable: string): Promise<void> {
  const peer = await program.connect()
  const id = (name: string) => `${name}${round}`
  await peer.run(id('ok'), 'echo hi; echo there >&2')
  await peer.run(id('memory'), 'python3 -c "x = bytearray(300_000_000)"')
  await peer.run(id('terminal'), 'exit 3', { tty: true })
  await peer.start(id('cat'), ['/bin/cat'], { pipeStdin: true })
  const poll = peer.request('process/read', { processId: id('cat'), waitMs: 5000 })
  await peer.call('process/write', {
    processId: id('cat'),
    chunk: Buffer.from('hi\n').toString('base64'),
    writeId: '1',
  })
  await poll
  await peer.call('process/terminate', { processId: id('cat') })
  await peer.event(id('cat'), 'process/closed')
  await peer.request('process/read', { processId: 'nobody' })
  const url = `${program.url.replace('ws', 'http')}/readyz`
  for (const requestId of ['first', 'second']) {
    await peer.call('http/request', { method: 'GET', url, requestId, headers: [] })
  }
  await peer.call('fs/readFile', { path: readable })
  await peer.request('fs/writeFile', { path: readable, dataBase64: '' })
  await peer.request('fs/readFile', { path: 'file:///etc/hostname' })
  peer.socket.close()
  await peer.closed
}

/** A load test that goes on until it is disposed: what it reports is forgotten soon after. */
function startLoadTest(program: Program, env: Record<string, string>): Program {
  const pace = ['--rate', '20', '--runs', '1000', '--duration', '1s']
  return Program.start(['load', 'one-shot', '--target', `tested=${program.url}`, ...pace], { env })
}

/** On standard streams a session ends with its input, and says so in the last export. */
async function endSession(env: Record<string, string>): Promise<void> {
  await using program = Program.start(['exec-server', '--listen', 'stdio'], { env })
  program.stdin.end('{"id":1,"method":"initialize","params":{"clientName":"load"}}\n')
  await program.ended
}

it('has an answer for every query of every dashboard', { timeout: 180_000 }, async () => {
  expect(queries.length).toBeGreaterThan(100)
  await using pipeline = await Pipeline.start({ stateExpiration: '10s' })
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: pipeline.endpoint, OTEL_METRIC_EXPORT_INTERVAL: '1000' }
  using folder = new ScratchFolder()
  folder.write('readable', 'text')
  const options = ['--census', '1s', '--read-only-file-roots', folder.path]
  await using program = await Program.listening(['serve', ...anyPort, ...options], { env })
  const silent: string[] = []
  for (let round = 0; round < 3; round++) {
    await load(program, round, `${folder.uri}/readable`)
    const seen = `exec_server_processes_finished_total{result="success"} >= ${round + 1}`
    await pipeline.settled(seen, values => Object.keys(values).length > 0)
    await endSession({ ...env, OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=on-standard-streams' })
    const ended = `exec_server_session_duration_seconds_count >= ${round + 1}`
    await pipeline.settled(ended, values => Object.keys(values).length > 0)
  }
  await using _loadTest = startLoadTest(program, env)
  await pipeline.settled('exec_server_load_run_operations_per_second', values => Object.keys(values).length > 0)
  // A second has to pass between two scrapes for a rate.
  await pipeline.settled(
    'sum(rate(exec_server_processes_finished_total[30s])) > 0',
    values => Object.keys(values).length > 0,
  )
  const uncounted: string[] = []
  for (const counter of provoked) {
    const values = await pipeline.settled(`sum(rate(${counter}[5m])) > 0`, found => Object.keys(found).length > 0)
    if (Object.keys(values).length === 0) uncounted.push(counter)
  }
  expect(uncounted).toEqual([])
  for (const { panel, expr } of queries) {
    const values = await pipeline.settled(filledIn(expr), found =>
      Object.values(found).some(value => !Number.isNaN(value)),
    )
    if (!Object.values(values).some(value => !Number.isNaN(value))) silent.push(`${panel}: ${expr}`)
  }
  expect(silent).toEqual([])
})
