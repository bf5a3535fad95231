import { expect, it } from 'vitest'
import { ExecClient } from '../../../src/client/execgate-client.ts'
import { startGateway } from '../../support/start-gateway.ts'

it('smokes', async () => {
  await using gateway = await startGateway()
  await using client = await ExecClient.connect(gateway.url)
  const result = await client.exec(['ls', '/'])
  expect(result).toMatchObject({ exitCode: 0, stderr: '' })
  expect(result.stdout).toContain('tmp')
  expect(await client.exec(['sort'], { input: 'b\na\n' })).toMatchObject({ exitCode: 0, stdout: 'a\nb\n' })
  const r2 = await client.exec('seq 1 300000; echo e >&2; exit 7')
  expect(r2.exitCode).toBe(7)
  expect(r2.stdout.length).toBe(1988895)
  await using p = await client.start(['head', '-c', '5'], { stdin: 'pipe' })
  const w = p.stdin.getWriter()
  await w.write('hel')
  await w.write('lo')
  let text = ''
  for await (const o of p.output) text += o.bytes.toString()
  expect(text).toBe('hello')
  expect(await p.wait()).toMatchObject({ exitCode: 0 })
  await expect(client.exec('sleep 100', { timeoutMs: 100 })).rejects.toMatchObject({ kind: 'timedOut' })
  await expect(client.exec(['/no/such'])).rejects.toThrow('No such file')
})
it('smokes codex', async () => {
  await using client = await ExecClient.connect({
    command: '/tmp/codex/node_modules/.bin/codex',
    args: ['exec-server', '--listen', 'stdio'],
  })
  expect(await client.exec(['ls', '/'])).toMatchObject({ exitCode: 0 })
})
