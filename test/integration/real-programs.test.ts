import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Conversation } from '../support/conversation.ts'
import { Gate } from '../support/gate.ts'
import { isInstalled } from '../support/installed-programs.ts'
import { plainPath } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'
import { expectGapless } from '../support/story.ts'
import { wantsPortable } from '../support/tested-engine.ts'

const env = { PATH: plainPath, TERM: 'xterm', LC_ALL: 'C.UTF-8' }

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

let writes = 0
function types(peer: Conversation, processId: string, bytes: string | Buffer): Promise<{ status: string }> {
  writes += 1
  return peer.call('process/write', {
    processId,
    chunk: Buffer.from(bytes).toString('base64'),
    writeId: `w${writes}`,
  })
}

it('runs bash with pipes, groups and substitutions', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const script =
    'set -o pipefail; seq 1 5 | { sum=0; while read n; do ((sum += n)); done; echo $sum; } | cat <(echo got) -'
  await peer.start('p', ['bash', '-c', script], { env })
  await peer.event('p', 'process/closed')
  expect(peer.output('p', 'stdout').toString()).toBe('got\n15\n')
})

it.skipIf(!isInstalled('python3'))('runs python, which reads and answers line by line', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const program =
    'import sys\nfor line in sys.stdin:\n  n = int(line)\n  print(n * n, flush=True)\n  if n == 0: sys.exit(42)'
  await peer.start('p', ['python3', '-u', '-c', program], { env, pipeStdin: true })
  await types(peer, 'p', '12\n')
  await peer.outputContains('p', '144\n')
  await types(peer, 'p', '0\n')
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(42)
})

it('gives cat every byte of five megabytes once, and brings them back', { timeout: 60_000 }, async () => {
  const sent = randomBytes(5 * 1024 * 1024)
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['/bin/sh', '-c', `head -c ${sent.length} | cat`], { env, pipeStdin: true })
  const step = 100_000
  for (let at = 0; at < sent.length; at += step) await types(peer, 'p', sent.subarray(at, at + step))
  await peer.event('p', 'process/closed')
  expect(sha256(peer.output('p', 'stdout'))).toBe(sha256(sent))
  expectGapless(peer, 'p')
})

it('brings a hundred megabytes back byte for byte', { timeout: 120_000 }, async () => {
  const size = 100 * 1024 * 1024
  const expected = createHash('sha256')
  const block = Buffer.from('y\n'.repeat(512 * 1024))
  for (let at = 0; at < size; at += block.length) expected.update(block.subarray(0, size - at))
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const hash = createHash('sha256')
  let bytes = 0
  let lastSeq = 0
  peer.consume('process/output', ({ seq, chunk }) => {
    expect(seq).toBe(lastSeq + 1)
    lastSeq = seq
    const part = Buffer.from(chunk, 'base64')
    bytes += part.length
    hash.update(part)
  })
  await peer.start('p', ['/bin/sh', '-c', `yes | head -c ${size}`], { env })
  await peer.event('p', 'process/closed')
  expect(bytes).toBe(size)
  expect(hash.digest('hex')).toBe(expected.digest('hex'))
})

it('runs five hundred processes at the same time, each with its own end', { timeout: 120_000 }, async () => {
  const count = 500
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const ids = Array.from({ length: count }, (_, index) => `p${index}`)
  await Promise.all(
    ids.map((id, index) =>
      peer.start(id, ['/bin/sh', '-c', `echo ${id}; read go; exit ${index % 256}`], { env, pipeStdin: true }),
    ),
  )
  expect(gateway.gateway.processMetrics.active).toBe(count)
  await Promise.all(ids.map(id => types(peer, id, '\n')))
  await Promise.all(ids.map(id => peer.event(id, 'process/closed')))
  for (const [index, id] of ids.entries()) {
    expect(peer.output(id, 'stdout').toString()).toBe(`${id}\n`)
    expect((await peer.event(id, 'process/exited')).params.exitCode).toBe(index % 256)
  }
})

it.skipIf(!isInstalled('vim'))('lets somebody edit a file with vim in a terminal', async () => {
  using folder = new ScratchFolder()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['vim', '-u', 'NONE', '-i', 'NONE', '-n', 'note'], { env, tty: true, cwd: folder.uri })
  await peer.outputContains('p', 'note')
  await types(peer, 'p', 'ihello from afar')
  await peer.outputContains('p', 'afar')
  await types(peer, 'p', '\x1b:wq\r')
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(0)
  expect(readFileSync(`${folder.path}/note`, 'utf8')).toBe('hello from afar\n')
})

it.skipIf(!isInstalled('top'))('shows top in a terminal until a key ends it', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  await peer.start('p', ['top'], { env, tty: true })
  await peer.outputContains('p', 'PID')
  await types(peer, 'p', 'q')
  expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(0)
})

// The portable engine cannot hold a terminal: docs/engines.md
it.skipIf(wantsPortable)('lets a program in a terminal end by itself after it has closed its streams', async () => {
  using gate = new Gate()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const script = `echo ready; exec </dev/null >/dev/null 2>&1; read go < ${gate.path}; sleep 0.3; exit 5`
  await peer.start('p', ['/bin/sh', '-c', script], { env: { PATH: '/usr/bin:/bin' }, tty: true })
  await peer.outputContains('p', 'ready')
  await gate.open()
  expect((await peer.event('p', 'process/exited')).params).toMatchObject({ exitCode: 5 })
  await peer.event('p', 'process/closed')
})
