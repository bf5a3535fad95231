import { expect, test } from 'vitest'
import { OtlpSink } from '../support/otlp-sink.ts'
import { Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { WebServer } from '../support/web-server.ts'

test('nothing a client sends, and nothing a process prints, gets into any signal', async () => {
  using folder = new ScratchFolder()
  folder.write('dir-QSECRETQ/file', '')
  await using sink = await OtlpSink.open()
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_METRIC_EXPORT_INTERVAL: '100',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_BLRP_SCHEDULE_DELAY: '50',
  }
  await using program = await Program.listening(['serve', '--listen', 'ws://127.0.0.1:0'], { env })
  const peer = await program.connect()
  const cwd = `${folder.uri}/dir-QSECRETQ`
  const secrets = { env: { QSECRETQ: 'QSECRETQ', PATH: '/usr/bin:/bin' }, cwd, pipeStdin: true }
  await peer.start('ok', ['/bin/sh', '-c', 'cat; echo QSECRETQ; echo QSECRETQ >&2; exit 3', 'QSECRETQ'], secrets)
  await peer.call('process/write', { processId: 'ok', chunk: Buffer.from('QSECRETQ').toString('base64'), writeId: '1' })
  await peer.call('process/terminate', { processId: 'ok' })
  await peer.event('ok', 'process/closed')
  await expect(peer.start('missing', ['/QSECRETQ'], secrets)).rejects.toThrow('No such file or directory')
  await expect(peer.start('nowhere', ['true'], { ...secrets, cwd: 'file:///QSECRETQ' })).rejects.toThrow('No such file')
  await expect(peer.start('bad', ['true'], { cwd: 'QSECRETQ' })).rejects.toThrow('relative URL')
  await using web = await WebServer.start((_request, _incoming, response) => response.end('QSECRETQ'))
  const headers = [{ name: 'x-QSECRETQ', value: 'QSECRETQ' }]
  const asked = { method: 'QSECRETQ', url: web.url('/QSECRETQ?QSECRETQ'), requestId: 'QSECRETQ', headers }
  await peer.call('http/request', asked)
  await expect(peer.call('http/request', { ...asked, url: 'http://QSECRETQ.localhost:1/' })).rejects.toThrow('failed')
  const config = { cwd, configPaths: [['QSECRETQ']], requirementsPaths: [] }
  await peer.call('environmentConfig/read', config)
  await peer.call('capabilityRoots/discoverV1', { roots: [{ id: 'QSECRETQ', path: cwd }] })
  const contents = Buffer.from('QSECRETQ').toString('base64')
  await peer.call('fs/writeFile', { path: `${cwd}/QSECRETQ`, dataBase64: contents })
  await peer.call('fs/open', { handleId: 'QSECRETQ', path: `${cwd}/QSECRETQ` })
  await peer.call('fs/watch', { watchId: 'QSECRETQ', path: cwd })
  await expect(peer.call('fs/readFile', { path: `${cwd}/none` })).rejects.toThrow('No such file')
  await expect(peer.call('fs/readFile', { path: cwd })).rejects.toThrow('is not a file')
  peer.send('{"QSECRETQ')
  peer.send({ id: 9, method: 'process/read', params: { processId: 5, QSECRETQ: 1 } })
  await peer.until(message => message.id === 9)

  await sink.until(() => sink.sum('exec_server_processes_finished_total') === 1)
  await sink.until(() => sink.spans.some(({ name }) => name === 'process exit'))
  await sink.until(() => sink.logs.length > 0)
  const metrics = await (await fetch(`${program.url.replace('ws', 'http')}/metrics`)).text()
  const state = await (await fetch(`${program.url.replace('ws', 'http')}/debug/state`)).text()
  const leaks = await (await fetch(`${program.url.replace('ws', 'http')}/debug/leaks`)).text()
  program.signal('SIGTERM')
  const { stderr } = await program.ended
  expect(metrics).toContain('exec_server_processes_finished_total{result="terminated"} 1')
  expect(metrics).toContain('exec_server_file_operations_total{operation="readFile",result="not_found"} 1')
  expect(stderr).toContain('connection opened')
  for (const signal of [...sink.bodies, metrics, state, leaks, stderr]) expect(signal).not.toContain('QSECRETQ')
})

test('records of the log are exported with the ids they have on standard error', async () => {
  await using sink = await OtlpSink.open()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_BLRP_SCHEDULE_DELAY: '50', OTEL_BSP_SCHEDULE_DELAY: '50' }
  await using program = await Program.listening(['exec-server', '--log-level', 'info'], { env })
  const peer = await program.connect()
  await sink.until(() => sink.logs.some(({ body }) => body === 'session created'))
  const created = sink.logs.find(({ body }) => body === 'session created')
  expect(created?.attributes).toMatchObject({ sessionId: peer.sessionId })
  await sink.until(() => sink.spans.some(({ name }) => name === 'initialize'))
  const { traceId } = sink.spans.find(({ name }) => name === 'initialize') ?? {}
  expect(created?.traceId).toBe(traceId)
  await program.logged.contains(`"trace_id":"${traceId}"`)
})
