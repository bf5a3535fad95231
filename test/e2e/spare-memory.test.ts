import { expect, it } from 'vitest'
import { metricValue } from '../support/metric-value.ts'
import { anyPort, Program } from '../support/program.ts'

it('gives back what the start has left behind, says how much, and serves as before', async () => {
  const options = ['--release-memory-after', '1s', '--log-level', 'debug']
  await using program = await Program.listening(['serve', ...anyPort, ...options])
  await program.logged.contains('"msg":"memory that is not needed was given back"')
  const [, bytes] = /"bytes":(\d+),"durationMs":[\d.]+,"msg":"memory that/.exec(program.logged.text) ?? []
  expect(Number(bytes)).toBeGreaterThan(2 ** 20)
  expect(await metricValue(program.url, 'exec_server_memory_released_bytes_total')).toBe(Number(bytes))
  const peer = await program.connect()
  await peer.run('after', 'echo still here')
  expect(peer.output('after').toString()).toBe('still here\n')
})
