import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { ForeignProcess } from '../support/foreign-process.ts'
import type { Peer } from '../support/peer.ts'
import { Program } from '../support/program.ts'
import { startGateway } from '../support/start-gateway.ts'

const clientProgram = fileURLToPath(new URL('../support/client-program.ts', import.meta.url))

/** Asks for the session until its connection has been given up. */
async function takeUp(peer: Peer, sessionId: string): Promise<number> {
  for (let refusals = 0; ; refusals++) {
    const { result, error } = await peer.request('initialize', { clientName: 'test', resumeSessionId: sessionId })
    if (error === undefined) {
      expect(result).toMatchObject({ sessionId })
      peer.send({ method: 'initialized' })
      return refusals
    }
    expect(error.code).toBe(-32010)
  }
}

async function type(peer: Peer, processId: string, line: string): Promise<void> {
  const chunk = Buffer.from(`${line}\n`).toString('base64')
  expect(await peer.call('process/write', { processId, chunk, writeId: `take over ${line}` })).toEqual({
    status: 'accepted',
  })
}

it('hands the session of a client that is stopped to another, and the stopped one learns of it', async () => {
  // Whoever has it then is asked for a sign of life as well, and is in time with it.
  await using gateway = await startGateway({ limits: { probeMs: 1000 } })
  await using program = Program.start([gateway.url], { command: [process.execPath, clientProgram] })
  await program.printed.contains('\n')
  const [sessionId = '', processId = ''] = program.printed.text.trim().split(' ')

  program.signal('SIGSTOP')
  const stopped = ForeignProcess.of(program.pid)
  await eventually(() => stopped.state === 'T', 'the client is stopped')
  const other = await gateway.open()
  expect(await takeUp(other, sessionId)).toBeGreaterThan(0)
  await type(other, processId, 'hello')
  await other.outputContains(processId, 'got hello\n')

  // It comes back to a connection that is gone, and may not have the session of one that answers.
  program.signal('SIGCONT')
  expect(await program.ended).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/\nlost: .*its session was asked for and it did not answer.*recovery timed out.*\n$/),
  })

  await type(other, processId, 'end')
  expect((await other.event(processId, 'process/exited')).params).toMatchObject({ exitCode: 7 })
  await other.event(processId, 'process/closed')
  const { chunks } = await other.call('process/read', { processId, afterSeq: 0 })
  expect(Buffer.concat(chunks.map(({ chunk }) => Buffer.from(chunk, 'base64'))).toString()).toBe('got hello\n')
})
