import { expect, test } from 'vitest'
import { daemonise } from '../support/daemonise.ts'
import type { ForeignProcess } from '../support/foreign-process.ts'
import { Program } from '../support/program.ts'

const env = { PATH: '/usr/bin:/bin' }
const serving = ['serve', '--listen', 'ws://127.0.0.1:0', '--census', '1s']

interface Leaks {
  readonly leaked: number
  readonly processes: { readonly leaders: number; readonly descendants: number }
  readonly findings: readonly Record<string, unknown>[]
}

async function leaksOf(program: Program): Promise<Leaks> {
  return (await (await fetch(`${program.url.replace('ws', 'http')}/debug/leaks`)).json()) as Leaks
}

test('what runs is what the operating system has, descendants included', async () => {
  await using program = await Program.listening(serving)
  const peer = await program.connect()
  await peer.start('p', ['/bin/sh', '-c', 'sleep 300 & echo started; wait'], { env })
  await peer.outputContains('p', 'started')
  using _daemon = await daemonise(peer, 'daemon')
  const { processes, leaked } = await leaksOf(program)
  expect(processes).toEqual({ leaders: 1, descendants: 2 })
  // Its session lives, so it may be there on purpose.
  expect(leaked).toBe(0)
  const metrics = await (await fetch(`${program.url.replace('ws', 'http')}/metrics`)).text()
  expect(metrics).toContain('exec_server_processes_os{role="descendant"} 2')
})

test('what a killed gateway left behind is ended at the next start, and nothing else', async () => {
  let leftover: ForeignProcess
  let alive: ForeignProcess
  await using neighbour = await Program.listening(serving)
  const other = await neighbour.connect()
  alive = await daemonise(other, 'p')
  {
    await using program = await Program.listening([...serving, '--no-watchdog'])
    leftover = await daemonise(await program.connect(), 'p')
    program.signal('SIGKILL')
    await program.exited
    expect(leftover.isAlive).toBe(true)
    await using next = await Program.listening(serving)
    await leftover.gone()
    expect(await next.statusOf('/readyz')).toBe(200)
  }
  expect(alive.isAlive).toBe(true)
  alive.kill()
})

test('a gateway that cannot listen ends nothing', async () => {
  await using neighbour = await Program.listening(serving)
  await using program = await Program.listening([...serving, '--no-watchdog'])
  using leftover = await daemonise(await program.connect(), 'p')
  program.signal('SIGKILL')
  await program.exited
  const { status, stderr } = await Program.run(['serve', '--listen', neighbour.url])
  expect(status).toBe(1)
  expect(stderr).toMatch(/^execgate: .*address already in use.*\n$/)
  expect(leftover.isAlive).toBe(true)
})
