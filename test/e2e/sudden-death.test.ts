import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { orphaned, plain, startFound, stopped, stubborn } from '../support/found-process.ts'
import type { ForeignProcess } from '../support/foreign-process.ts'
import { anyPort, Program } from '../support/program.ts'

/** The watchdog that looks after a program, once there is one. */
async function watchdogOf(program: Program, other?: ForeignProcess): Promise<ForeignProcess> {
  let found: ForeignProcess | undefined
  await eventually(() => {
    found = program.watchdog()
    return found !== undefined && found.pid !== other?.pid
  }, 'there is a watchdog')
  if (found === undefined) throw new Error('unreachable')
  return found
}

const killed = { status: null, signal: 'SIGKILL' }

const kinds = [
  { kind: 'a process with pipes', script: plain, more: {} },
  { kind: 'a process with piped input', script: plain, more: { pipeStdin: true } },
  { kind: 'a process in a terminal', script: plain, more: { tty: true } },
  { kind: 'a process that ignores signals', script: stubborn, more: {} },
  { kind: 'a process in a terminal that ignores signals', script: stubborn, more: { tty: true } },
  { kind: 'a stopped process', script: stopped, more: {} },
  { kind: 'an orphan that has left its session', script: orphaned, more: {} },
]

describe('SIGKILL of the gateway ends', () => {
  test.each(kinds)('$kind', async ({ script, more }) => {
    await using program = await Program.listening(['exec-server'])
    using process = await startFound(await program.connect(), 'p', script, more)
    const watchdog = await watchdogOf(program)
    program.signal('SIGKILL')
    expect(await program.ended).toMatchObject(killed)
    await process.gone()
    await watchdog.gone()
  })

  test('all of these together and the processes of a detached session', async () => {
    await using program = await Program.listening(['serve', ...anyPort])
    const [peer, lost] = [await program.connect(), await program.connect()]
    using processes = new DisposableStack()
    const started: ForeignProcess[] = []
    for (const { kind, script, more } of kinds) started.push(processes.use(await startFound(peer, kind, script, more)))
    started.push(processes.use(await startFound(lost, 'detached', plain)))
    await lost.cut()
    program.signal('SIGKILL')
    expect(await program.ended).toMatchObject(killed)
    for (const process of started) await process.gone()
  })

  test('what its processes go on to start', async () => {
    await using program = await Program.listening(['exec-server'])
    const grandchild = "sh -c 'echo $$; exec sleep 1000' & wait"
    using process = await startFound(await program.connect(), 'p', grandchild)
    program.signal('SIGKILL')
    expect(await program.ended).toMatchObject(killed)
    await process.gone()
  })

  test('nothing of another gateway', async () => {
    await using program = await Program.listening(['exec-server'])
    await using other = await Program.listening(['exec-server'])
    using process = await startFound(await program.connect(), 'p', plain)
    using bystander = await startFound(await other.connect(), 'p', plain)
    const watchdog = await watchdogOf(program)
    program.signal('SIGKILL')
    await process.gone()
    await watchdog.gone()
    expect(bystander.isAlive).toBe(true)
  })
})

test('without a watchdog an orphan outlives the gateway', async () => {
  // Without a mark either, so that no other gateway that starts meanwhile takes it for a leftover.
  await using program = await Program.listening(['exec-server', '--no-watchdog', '--no-instance-marker'])
  using orphan = await startFound(await program.connect(), 'p', orphaned)
  expect(program.watchdog()).toBeUndefined()
  program.signal('SIGKILL')
  await program.ended
  expect(orphan.isAlive).toBe(true)
})

describe('a watchdog that is killed', () => {
  test('is started again and does its work', async () => {
    await using program = await Program.listening(['serve', ...anyPort])
    using orphan = await startFound(await program.connect(), 'p', orphaned)
    const first = await watchdogOf(program)
    await eventually(() => first.ageMs > 1500, 'the watchdog has lived for a while')
    first.kill()
    const second = await watchdogOf(program, first)
    await program.logged.contains('the watchdog was killed and is started again')
    program.signal('SIGKILL')
    expect(await program.ended).toMatchObject(killed)
    await orphan.gone()
    await second.gone()
  })

  test('again and again is given up with an error in the log, and the gateway serves on', async () => {
    await using program = await Program.listening(['serve', ...anyPort])
    await eventually(() => {
      program.watchdog()?.kill()
      return program.logged.text.includes('the watchdog ends at once')
    }, 'the watchdog is given up')
    const peer = await program.connect()
    expect(await peer.run('p', 'echo hello')).toMatchObject({ stdout: 'hello\n' })
    expect(program.watchdog()).toBeUndefined()
    program.signal('SIGTERM')
    expect(await program.ended).toMatchObject({ status: 0 })
  })
})

test('the watchdog takes less than 4 MiB and no processor time', async () => {
  await using program = await Program.listening(['exec-server'])
  const watchdog = await watchdogOf(program)
  await watchdog.quiet()
  expect(watchdog.residentKib).toBeGreaterThan(0)
  expect(watchdog.residentKib).toBeLessThan(4096)
})
