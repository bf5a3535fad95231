import { describe, expect, it } from 'vitest'
import type { ExecBackend, ExecProcess } from '../../src/backends/exec-backend.ts'
import { openLocalBackend } from '../../src/backends/local-backend.ts'
import { openRemoteBackend } from '../../src/backends/remote-backend.ts'
import { numberedLines } from '../support/numbered-lines.ts'
import { type GatewayFixture, startGateway } from '../support/start-gateway.ts'

const kinds: [string, (gateway: GatewayFixture) => Promise<ExecBackend>][] = [
  ['local', ({ gateway }) => openLocalBackend(gateway)],
  ['remote', ({ url }) => openRemoteBackend(url)],
]

async function textOf(process: ExecProcess): Promise<string> {
  return (await Array.fromAsync(process.output, ({ bytes }) => bytes.toString())).join('')
}

describe.each(kinds)('a %s backend', (_kind, open) => {
  it('runs a command to its end', async () => {
    await using gateway = await startGateway()
    await using backend = await open(gateway)
    expect(await backend.exec('echo out; echo err >&2; exit 7', { cwd: '/tmp' })).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 7,
      receipt: { cause: 'exit' },
    })
  })

  it('takes every byte of a large output', async () => {
    await using gateway = await startGateway()
    await using backend = await open(gateway)
    const { stdoutBytes } = await backend.exec(['seq', '1', '500000'])
    expect(stdoutBytes.equals(numberedLines(1, 500_000))).toBe(true)
  })

  it('talks to a command through streams', async () => {
    await using gateway = await startGateway()
    await using backend = await open(gateway)
    await using process = await backend.start(['sort'], { stdin: 'pipe' })
    const writer = process.stdin.getWriter()
    await writer.write('b\n')
    await writer.write('a\n')
    await writer.close()
    expect(await textOf(process)).toBe('a\nb\n')
    expect(await process.wait()).toMatchObject({ exitCode: 0 })
  })

  it('runs a command in a terminal', async () => {
    await using gateway = await startGateway()
    await using backend = await open(gateway)
    await using process = await backend.start('test -t 0 && stty size', { tty: true })
    expect(await textOf(process)).toBe('24 80\r\n')
  })

  it('interrupts and kills', async () => {
    await using gateway = await startGateway()
    await using backend = await open(gateway)
    await using interrupted = await backend.start(['sleep', '60'])
    await interrupted.interrupt()
    expect(await interrupted.wait()).toMatchObject({ exitCode: 130 })
    await using killed = await backend.start(['sleep', '60'])
    expect(await killed.kill()).toBe(true)
    expect(await killed.wait()).toMatchObject({ exitCode: 137 })
  })

  it('says why a command cannot be started', async () => {
    await using gateway = await startGateway()
    await using backend = await open(gateway)
    await expect(backend.exec(['/no/such/program'])).rejects.toMatchObject({ kind: 'refused' })
  })

  it('kills what runs when it is disposed', async () => {
    await using gateway = await startGateway()
    {
      await using backend = await open(gateway)
      await backend.start(['sleep', '60'])
      expect(gateway.gateway.processMetrics.active).toBe(1)
    }
    expect(gateway.gateway.processMetrics.active).toBe(0)
  })
})
