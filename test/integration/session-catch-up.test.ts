import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startGateway } from '../support/start-gateway.ts'
import { untilStill } from '../support/until-still.ts'

/** Less than makes the gateway ask for a confirmation by itself, and more than the pipe holds. */
const unseenBytes = 200_000

/** Bytes a process has written so far. proc_pid_io(5) */
function writtenBy(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1])
}

test('a client that has seen most of what filled the window goes on with the rest', async () => {
  await using gateway = await startGateway()
  const first = await gateway.connect()
  await first.start('p', ['/bin/sh', '-c', 'echo $$; read go; exec seq 3000000'], { pipeStdin: true })
  await first.event('p', 'process/output')
  const pid = Number(first.output('p').toString())
  await first.call('process/write', { processId: 'p', chunk: Buffer.from('go\n').toString('base64'), writeId: '1' })
  await first.cut()
  const written = await untilStill(() => writtenBy(pid))

  const second = await gateway.connect(first.sessionId)
  let nextSeq = 1
  for (let bytes = 0; bytes < written - unseenBytes;) {
    const page = await second.call('process/read', { processId: 'p', afterSeq: nextSeq - 1, maxBytes: 100_000 })
    for (const { chunk } of page.chunks) bytes += Buffer.byteLength(chunk, 'base64')
    nextSeq = page.nextSeq
  }
  await second.cut()

  const third = await gateway.connect(first.sessionId)
  await third.call('process/read', { processId: 'p', afterSeq: nextSeq - 1 })
  const { params } = await third.event('p', 'process/exited')
  expect(params.exitCode).toBe(0)
})
