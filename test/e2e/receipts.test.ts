import { expect, test } from 'vitest'
import type { Receipt } from '../../src/protocol/process-schemas.ts'
import { eventually } from '../support/eventually.ts'
import { MemoryGroup } from '../support/memory-group.ts'
import type { Peer } from '../support/peer.ts'
import { anyPort, launcher, Program } from '../support/program.ts'

const serving = ['serve', ...anyPort]

/** What the notification of the exit says, which a read says as well. */
async function receiptOf(peer: Peer, processId: string): Promise<Receipt> {
  const { params } = await peer.event(processId, 'process/exited')
  await peer.event(processId, 'process/closed')
  const page = await peer.call('process/read', { processId })
  expect(page.receipt).toEqual(params.receipt)
  return params.receipt as Receipt
}

const sh = (script: string) => ['/bin/sh', '-c', script]

test('a process that has exited leaves a receipt of what it did', async () => {
  await using program = await Program.listening(serving)
  const peer = await program.connect()
  await peer.start('p', sh('printf 12345; printf 123 >&2; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 3'))
  const receipt = await receiptOf(peer, 'p')
  expect(receipt).toMatchObject({
    cause: 'exit',
    signal: null,
    outputBytes: { stdout: 5, stderr: 3, pty: 0 },
    evictedBytes: 0,
  })
  expect(receipt.cpuMs).toBeGreaterThan(0)
  expect(receipt.wallMs).toBeGreaterThan(0)
})

test('the memory of a process is told when it is its own, and not otherwise', async () => {
  await using program = await Program.listening(serving)
  const peer = await program.connect()
  await peer.start('small', sh('exit 0'))
  await peer.start('large', ['/usr/bin/python3', '-c', 'x = bytearray(500_000_000)'])
  expect((await receiptOf(peer, 'small')).peakMemoryBytes).toBeNull()
  expect((await receiptOf(peer, 'large')).peakMemoryBytes).toBeGreaterThan(500_000_000)
})

test('a signal is told from an end that was asked for', async () => {
  await using program = await Program.listening(serving)
  const peer = await program.connect()
  await peer.start('self', sh('kill -TERM $$'))
  expect(await receiptOf(peer, 'self')).toMatchObject({ cause: 'signal', signal: 15 })
  await peer.start('terminated', ['/bin/sleep', '60'])
  await peer.call('process/terminate', { processId: 'terminated' })
  expect(await receiptOf(peer, 'terminated')).toMatchObject({ cause: 'terminated', signal: 9 })
})

test('a process that the kernel has killed for want of memory is known as such', async context => {
  const limitBytes = 400 * 1024 * 1024
  using group = MemoryGroup.create(limitBytes)
  if (group === undefined) return context.skip('no control group can be made here')
  const joining = `echo $$ > ${group.membersFile}; exec "$@"`
  {
    await using program = await Program.listening(serving, {
      command: ['/bin/sh', '-c', joining, 'sh', process.execPath, launcher],
    })
    const peer = await program.connect()
    await peer.start('p', ['/usr/bin/python3', '-c', `x = bytearray(${2 * limitBytes})`])
    expect(await receiptOf(peer, 'p')).toMatchObject({ cause: 'oom', signal: 9 })
    const metrics = await (await fetch(`${program.url.replace('ws', 'http')}/metrics`)).text()
    expect(metrics).toContain('exec_server_process_exits_total{kind="oom"} 1')
    // Nobody's memory explains a signal that somebody sent.
    await peer.start('q', sh('kill -KILL $$'))
    expect(await receiptOf(peer, 'q')).toMatchObject({ cause: 'signal', signal: 9 })
  }
  await eventually(() => group.isEmpty, 'everybody has left the group')
})
