import { expect, it } from 'vitest'
import { CuttingProxy } from '../support/cutting-proxy.ts'
import { StockClient } from '../support/stock-client.ts'
import { targetOf } from './endpoint.ts'
import { Stagehand } from './stagehand.ts'

const target = await targetOf(process.env)

const lines = (first: number, last: number) => {
  return Array.from({ length: last - first + 1 }, (_, index) => `line-${first + index}\n`).join('')
}

/** A stock client behind a proxy that cuts, and gates that commands wait at: `read x < $scratch/NAME`. */
async function openStage(gates: readonly string[] = []) {
  await using acquired = new AsyncDisposableStack()
  const endpoint = acquired.use(await target.open({ name: 'stock client', steps: [] }))
  const stagehand = acquired.use(await Stagehand.prepare(await endpoint.connect(), gates))
  const proxy = acquired.use(await CuttingProxy.open(endpoint.url))
  const client = acquired.use(await StockClient.open(proxy.url))
  const owned = acquired.move()
  return {
    client,
    proxy,
    scratch: stagehand.scratch,
    openGate: (gate: string) => stagehand.openGate(gate),
    /** A second client, straight at the server. */
    openOther: () => StockClient.open(endpoint.url),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

it('runs a command and takes its output', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec('echo hello-$((40+2))')
  expect(await stage.client.finish(command)).toBe(0)
  expect(command.text('stdout')).toBe('hello-42\n')
})

it('takes output, errors and the exit code of a command that fails', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec('echo to-out; echo to-err >&2; exit 7')
  expect(await stage.client.finish(command)).toBe(7)
  expect(command.text('stdout')).toBe('to-out\n')
  // A login shell may have something to say before.
  expect(command.text('stderr')).toMatch(/to-err\n$/)
})

it('takes every byte of a large output', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec(
    'echo first; head -c 2097152 /dev/zero | tr "\\0" x | fold -w 64; echo; echo last',
  )
  expect(await stage.client.finish(command)).toBe(0)
  const filling = Array.from({ length: 32_768 }, () => 'x'.repeat(64)).join('\n')
  expect(command.text('stdout') === `first\n${filling}\nlast\n`).toBe(true)
})

it('talks to a command in a terminal until it types the end of input', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec(
    'test -t 0 && echo is-tty; while read -r n; do echo "twice $((n*2))"; done; echo over',
    { tty: true },
  )
  await command.prints('pty', 'is-tty')
  await command.write('21\n')
  await command.prints('pty', 'twice 42')
  await command.write('\u0004')
  expect(await stage.client.finish(command)).toBe(0)
  expect(command.text('pty')).toContain('over')
})

it('interrupts a command in a terminal by a key', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec('trap "echo caught; exit 9" INT; echo ready; sleep 50 & wait', { tty: true })
  await command.prints('pty', 'ready')
  await command.write('\u0003')
  expect(await stage.client.finish(command)).toBe(9)
  expect(command.text('pty')).toContain('caught')
})

it('interrupts a command without a terminal by a signal', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec('trap "echo caught; exit 9" INT; echo ready; while :; do sleep 1; done')
  await command.prints('stdout', 'ready')
  await command.interrupt()
  expect(await stage.client.finish(command)).toBe(9)
  expect(command.text('stdout')).toBe('ready\ncaught\n')
})

it.for(['an answer', 'nothing'] as const)(
  'leaves no command behind when it ends them in a hurry and goes, waiting for %s',
  async (waitsFor, { skip }) => {
    skip(waitsFor === 'nothing' && target.dialect === 'reference', 'it may drop requests that a disconnect follows')
    await using stage = await openStage()
    // The lock is free once whoever holds it is gone.
    const command = await stage.client.exec(`exec 9> ${stage.scratch}/lock; flock 9; echo ready; exec sleep 50`)
    await command.prints('stdout', 'ready')
    await stage.client.leaveInAHurry(waitsFor)
    await using other = await stage.openOther()
    expect(await other.finish(await other.exec(`flock ${stage.scratch}/lock true`))).toBe(0)
  },
)

it('runs two commands side by side', async () => {
  await using stage = await openStage(['to-right', 'to-left'])
  const [left, right] = await Promise.all([
    stage.client.exec(`echo > ${stage.scratch}/to-right; read x < ${stage.scratch}/to-left; echo left`),
    stage.client.exec(`read x < ${stage.scratch}/to-right; echo > ${stage.scratch}/to-left; echo right`),
  ])
  expect(await Promise.all([stage.client.finish(left), stage.client.finish(right)])).toEqual([0, 0])
  expect([left.text('stdout'), right.text('stdout')]).toEqual(['left\n', 'right\n'])
})

it('loses nothing of a running command when the connection is cut', async () => {
  await using stage = await openStage(['on'])
  const command = await stage.client.exec(
    `for i in 1 2 3 4; do echo line-$i; done; read x < ${stage.scratch}/on; for i in 5 6 7 8; do echo line-$i; done; exit 3`,
  )
  await command.prints('stdout', lines(1, 4))
  await Promise.all([stage.proxy.cut(), stage.openGate('on')])
  expect(await stage.client.finish(command)).toBe(3)
  expect(command.text('stdout')).toBe(lines(1, 8))
  expect(stage.client.resumedCount).toBe(1)
})

it('loses nothing when the connection is cut twice', async () => {
  await using stage = await openStage(['second', 'third'])
  const command = await stage.client.exec(
    `echo line-1; read x < ${stage.scratch}/second; echo line-2; read x < ${stage.scratch}/third; echo line-3; exit 3`,
  )
  await command.prints('stdout', lines(1, 1))
  await Promise.all([stage.proxy.cut(), stage.openGate('second')])
  await command.prints('stdout', lines(1, 2))
  await Promise.all([stage.proxy.cut(), stage.openGate('third')])
  expect(await stage.client.finish(command)).toBe(3)
  expect(command.text('stdout')).toBe(lines(1, 3))
  expect(stage.client.resumedCount).toBe(2)
})

it('runs a command once although the reply to its start is lost', async () => {
  await using stage = await openStage(['ran'])
  stage.proxy.link.swallow('down')
  const command = stage.client.exec(`echo ran >> ${stage.scratch}/count; read x < ${stage.scratch}/ran; exec sleep 50`)
  const cut = stage.openGate('ran').then(() => stage.proxy.cut())
  await expect(command).rejects.toThrow('exec-server transport disconnected')
  await cut
  const count = await stage.client.exec(`cat ${stage.scratch}/count`)
  expect(await stage.client.finish(count)).toBe(0)
  expect(count.text('stdout')).toBe('ran\n')
})

it('goes on with a silent command after a cut', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec('echo ready; cat', { tty: true })
  await command.prints('pty', 'ready')
  await stage.proxy.cut()
  await command.write('after-cut\n')
  // Once echoed by the terminal, once printed by the command.
  await command.prints('pty', 'after-cut\r\nafter-cut\r\n')
  await command.write('\u0004')
  expect(await stage.client.finish(command)).toBe(0)
  expect(stage.client.resumedCount).toBe(1)
})

it('writes once what it sends again after a cut', async () => {
  await using stage = await openStage(['arrived'])
  const command = await stage.client.exec(
    `stty -echo; echo ready; read x; echo "$x"; read x < ${stage.scratch}/arrived; exec cat`,
    { tty: true },
  )
  await command.prints('pty', 'ready')
  stage.proxy.link.swallow('down')
  const written = command.write('once\n')
  await stage.openGate('arrived')
  await stage.proxy.cut()
  await written
  await command.write('twice\n')
  await command.prints('pty', 'twice\r\n')
  await command.write('\u0004')
  expect(await stage.client.finish(command)).toBe(0)
  expect(command.text('pty')).toMatch(/ready\r\nonce\r\ntwice\r\n$/)
})

it('loses nothing in an outage in which it cannot connect', async () => {
  await using stage = await openStage(['on', 'done'])
  const command = await stage.client.exec(
    `echo line-1; read x < ${stage.scratch}/on; echo line-2; read x < ${stage.scratch}/done; echo line-3; exit 3`,
  )
  await command.prints('stdout', lines(1, 1))
  await stage.proxy.goDown()
  await stage.openGate('on')
  await stage.proxy.refused(5)
  await stage.openGate('done')
  stage.proxy.comeUp()
  expect(await stage.client.finish(command)).toBe(3)
  expect(command.text('stdout')).toBe(lines(1, 3))
})

it('reads all of a large output that ended in an outage', async () => {
  await using stage = await openStage(['on', 'done'])
  const command = await stage.client.exec(
    `echo first; read x < ${stage.scratch}/on; seq 100000 199999; echo last; read x < ${stage.scratch}/done`,
  )
  await command.prints('stdout', 'first\n')
  await stage.proxy.goDown()
  await stage.openGate('on')
  await stage.openGate('done')
  await stage.proxy.refused(1)
  stage.proxy.comeUp()
  expect(await stage.client.finish(command)).toBe(0)
  const numbers = Array.from({ length: 100_000 }, (_, index) => `${100_000 + index}\n`).join('')
  expect(command.text('stdout') === `first\n${numbers}last\n`).toBe(true)
})

it('loses a command with its session, and runs the next one in a new session', async () => {
  await using stage = await openStage()
  const command = await stage.client.exec('echo one; exec sleep 20')
  await command.prints('stdout', 'one\n')
  const lost = stage.client.sessionId
  stage.client.forgetSession()
  await stage.proxy.cut()
  await expect(command.ended).rejects.toThrow('unknown session id')
  const next = await stage.client.exec('echo two')
  expect(await stage.client.finish(next)).toBe(0)
  expect(next.text('stdout')).toBe('two\n')
  expect(stage.client.sessionId).not.toBe(lost)
})
