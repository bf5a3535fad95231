import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { listeningPortOf } from '../support/listening-port.ts'
import { Peer } from '../support/peer.ts'
import { recordsOf } from '../support/log-records.ts'
import { anyPort, launcher, Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'

/** The launcher started by a shell that prepares its descriptors. */
function throughShell(redirection: string): { command: [string, ...string[]] } {
  return { command: ['/bin/sh', '-c', `exec "$@" ${redirection}`, 'sh', process.execPath, launcher] }
}

const hasIpv6Loopback = Object.values(networkInterfaces()).some(list => list?.some(({ address }) => address === '::1'))

/** What a command prints that is run through the program. */
async function outputOfEcho(program: Program): Promise<string> {
  const peer = await program.connect()
  const { stdout } = await peer.run('p', 'echo hello')
  return stdout
}

describe.each(['serve', 'exec-server'])('%s', command => {
  test('prints one line, the URL a client connects to', async () => {
    await using program = await Program.listening([command, ...anyPort])
    expect(await outputOfEcho(program)).toBe('hello\n')
    program.signal('SIGTERM')
    const { stdout } = await program.ended
    expect(stdout).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*\n$/)
  })

  test('serves on when its standard output has been closed after the URL', async () => {
    await using program = await Program.listening([command, ...anyPort])
    program.stdout.destroy()
    expect(await outputOfEcho(program)).toBe('hello\n')
    program.signal('SIGTERM')
    expect(await program.ended).toMatchObject({ status: 0 })
  })

  test('serves on when nobody was there to read the URL', async () => {
    await using program = Program.start([command, ...anyPort])
    program.stdout.destroy()
    await eventually(() => listeningPortOf(program.pid) !== undefined, 'the program listens')
    await using peer = await Peer.open(`ws://127.0.0.1:${listeningPortOf(program.pid)}`)
    await peer.shakeHands()
    program.signal('SIGTERM')
    expect(await program.ended).toMatchObject({ status: 0 })
  })

  test.each([
    ['empty', '</dev/null'],
    ['closed', '<&-'],
  ])('serves with a standard input that is %s', async (_kind, redirection) => {
    await using program = await Program.listening([command, ...anyPort], throughShell(redirection))
    expect(await outputOfEcho(program)).toBe('hello\n')
  })

  test('serves on when its standard input ends', async () => {
    await using program = await Program.listening([command, ...anyPort])
    program.stdin.end()
    expect(await outputOfEcho(program)).toBe('hello\n')
  })

  test('serves without any standard stream but output', async () => {
    await using program = await Program.listening([command, ...anyPort], throughShell('<&- 2>&-'))
    expect(await outputOfEcho(program)).toBe('hello\n')
  })

  test('has all the threads it needs before a command can take the last ones', async () => {
    await using program = await Program.listening([command, ...anyPort], { env: { UV_THREADPOOL_SIZE: '100' } })
    expect(readdirSync(`/proc/${program.pid}/task`).length).toBeGreaterThan(100)
  })

  test('does not read the configuration of the reference server', async () => {
    using home = new ScratchFolder()
    home.write('config.toml', 'this is = = not TOML')
    home.write('.codex/config.toml', '[[[')
    const env = { CODEX_HOME: home.path, HOME: home.path }
    await using program = await Program.listening([command, ...anyPort], { env })
    expect(await outputOfEcho(program)).toBe('hello\n')
  })

  test.runIf(hasIpv6Loopback)('prints an IPv6 address in brackets', async () => {
    await using program = await Program.listening([command, '--listen', 'ws://[::1]:0'])
    expect(program.url).toMatch(/^ws:\/\/\[::1\]:[1-9]\d*$/)
    expect(await outputOfEcho(program)).toBe('hello\n')
  })

  test('listens beyond loopback when told that this is wanted', async () => {
    await using program = await Program.listening([command, '--listen', 'ws://0.0.0.0:0', '--allow-unauthenticated'])
    expect(program.url).toMatch(/^ws:\/\/0\.0\.0\.0:[1-9]\d*$/)
  })
})

test('exec-server picks a free loopback port unless told otherwise', async () => {
  await using program = await Program.listening(['exec-server'])
  expect(program.url).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*$/)
})

test('exec-server accepts --concurrent-requests', async () => {
  await using program = await Program.listening(['exec-server', '--concurrent-requests', '4'])
  expect(await outputOfEcho(program)).toBe('hello\n')
})

test('serve answers on its health endpoints', async () => {
  await using program = await Program.listening(['serve', ...anyPort])
  expect([await program.statusOf('/readyz'), await program.statusOf('/livez')]).toEqual([200, 200])
})

test('exec-server answers on /readyz alone', async () => {
  await using program = await Program.listening(['exec-server'])
  expect([await program.statusOf('/readyz'), await program.statusOf('/livez')]).toEqual([200, 404])
})

test('serve logs one JSON object a line, with the ids of connection and session', async () => {
  await using program = await Program.listening(['serve', ...anyPort])
  const { sessionId } = await program.connect()
  program.signal('SIGTERM')
  const { stderr } = await program.ended
  const records = recordsOf(stderr)
  expect(records.length).toBeGreaterThan(0)
  for (const record of records) {
    expect(record).toMatchObject({ level: expect.any(Number), time: expect.any(String), msg: expect.any(String) })
  }
  expect(records).toContainEqual(expect.objectContaining({ sessionId }))
  expect(records).toContainEqual(expect.objectContaining({ connectionId: expect.any(String) }))
})

test('exec-server logs nothing while nothing is wrong', async () => {
  await using program = await Program.listening(['exec-server'])
  expect(await outputOfEcho(program)).toBe('hello\n')
  program.signal('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0, stderr: '' })
})

test('a gateway whose log cannot be written serves all the same', async () => {
  await using program = await Program.listening(['serve', ...anyPort, '--log-level', 'trace'], {
    command: ['/bin/sh', '-c', 'exec "$@" 2>/dev/full', 'sh', process.execPath, launcher],
  })
  const peer = await program.connect()
  for (let index = 0; index < 20; index++) expect((await peer.run(`p${index}`, 'exit 7')).exitCode).toBe(7)
  program.signal('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0 })
})

test('help that nobody reads is no error, and help that cannot be written is one', async () => {
  await using unread = Program.start(['--help'])
  unread.stdout.destroy()
  expect(await unread.exited).toEqual({ status: 0, signal: null })
  expect(await Program.run(['--help'], throughShell('>/dev/full'))).toMatchObject({
    status: 1,
    stderr: 'execgate: the output cannot be written: ENOSPC: no space left on device, write\n',
  })
  expect(await Program.run(['openrpc'], throughShell('>/dev/full'))).toMatchObject({ status: 1 })
})
