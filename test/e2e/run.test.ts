import { expect, it } from 'vitest'
import { ExecClient, type Process } from '../../src/client/execgate-client.ts'
import { closedPort } from '../support/closed-port.ts'
import { launcher, Program, testedNode } from '../support/program.ts'
import { quietPage, ScriptedServer } from '../support/scripted-server.ts'
import { startGateway } from '../support/start-gateway.ts'

const here = ['run', '--local'] as const

/** Lines end in as many carriage returns as terminals have seen them. */
async function untilShown(process: Process, text: string): Promise<void> {
  let seen = ''
  for await (const { bytes } of process.output) {
    seen += bytes.toString().replaceAll('\r', '')
    if (seen.includes(text)) return
  }
  throw new Error(`it ended without ${JSON.stringify(text)}: ${JSON.stringify(seen)}`)
}

it('passes on what a command writes, and its exit code', async () => {
  const ended = await Program.run([...here, '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'])
  expect(ended).toMatchObject({ status: 3, stdout: 'out\n', stderr: 'err\n' })
})

it('runs a command on a gateway', async () => {
  await using gateway = await startGateway()
  const argv = ['run', '--url', gateway.url, '-e', 'A=1', '-w', '/usr', '--', 'sh', '-c', 'echo $A; pwd; kill -9 $$']
  expect(await Program.run(argv)).toMatchObject({ status: 137, stdout: '1\n/usr\n', stderr: '' })
  const byVariable = await Program.run(['run', 'echo', 'hello'], { env: { EXECGATE_URL: gateway.url } })
  expect(byVariable).toMatchObject({ status: 0, stdout: 'hello\n' })
})

it.each([
  [124, ['--timeout', '100ms', 'sleep', '60'], ''],
  [125, [], 'execgate: no command: write `execgate run [OPTION]... -- COMMAND [ARGUMENT]...`\n'],
  [126, ['/tmp'], 'execgate: exec-server rejected request (-32603): Permission denied (os error 13)\n'],
  [
    127,
    ['no-such-program'],
    'execgate: exec-server rejected request (-32603): No such file or directory (os error 2)\n',
  ],
])('exits with %i for %j', async (status, argv, stderr) => {
  expect(await Program.run([...here, ...argv])).toMatchObject({ status, stderr, stdout: '' })
})

it('exits with 125 when there is no gateway', async () => {
  const ended = await Program.run(['run', '--url', `ws://${await closedPort()}`, 'true'])
  expect(ended).toMatchObject({ status: 125, stderr: expect.stringContaining('failed to connect') })
})

it('exits with 125 when there cannot be a gateway here', async () => {
  const ended = await Program.run([...here, 'true'], { env: { EXECGATE_ENGINE: 'any' } })
  const stderr = 'execgate: EXECGATE_ENGINE: `any` is not one of auto, native, portable\n'
  expect(ended).toMatchObject({ status: 125, stderr })
})

it('kills a command in vain on a connection that breaks, and again on the next', async () => {
  await using server = await ScriptedServer.open()
  await using program = Program.start(['run', '--url', server.url, '--timeout', '10ms', 'x'])
  const connection = await server.connection()
  await connection.greets()
  const id = await connection.starts()
  await connection.takes('process/terminate')
  await connection.drops()
  const next = await server.connection()
  await next.greets()
  next.replies(await next.takes('process/read'), quietPage)
  next.replies(await next.takes('process/terminate'), { running: true })
  next.exited(id, 1, 137)
  next.closed(id, 2)
  expect(await program.ended).toMatchObject({ status: 124 })
})

it('exits with 125 when a command cannot get its input', async () => {
  await using server = await ScriptedServer.open()
  await using program = Program.start(['run', '--url', server.url, '-i', 'x'])
  const connection = await server.connection()
  await connection.greets()
  const id = await connection.starts()
  program.stdin.write('for you')
  const limit = { name: 'input', value: 1 }
  connection.refuses(await connection.takes('process/write'), -32603, 'too much', { limit })
  connection.replies(await connection.takes('process/terminate'), { running: true })
  connection.exited(id, 1, 137)
  connection.closed(id, 2)
  expect(await program.ended).toMatchObject({ status: 125, stderr: expect.stringContaining('too much') })
})

it.each([
  [0, 0],
  [255, 255],
  [256, 255],
  [-1, 255],
  [0.5, 255],
])('takes the exit code %d of a server for %d', async (exitCode, status) => {
  await using server = await ScriptedServer.open()
  await using program = Program.start(['run', '--url', server.url, 'x'])
  const connection = await server.connection()
  await connection.greets()
  const id = await connection.starts()
  connection.exited(id, 1, exitCode)
  connection.closed(id, 2)
  expect(await program.ended).toMatchObject({ status, stderr: '' })
})

it('exits with 125 when nobody tells how a command ended', async () => {
  await using server = await ScriptedServer.open()
  await using program = Program.start(['run', '--url', server.url, 'x'])
  const connection = await server.connection()
  await connection.greets()
  const id = await connection.starts()
  connection.closed(id, 1)
  const stderr = `execgate: process ${id} was closed without an exit\n`
  expect(await program.ended).toMatchObject({ status: 125, stderr })
})

it('prints its help', async () => {
  expect(await Program.run(['run', '--help'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('--timeout'),
  })
})

it('passes standard input on, to its end', async () => {
  await using program = Program.start([...here, '-i', 'sort'])
  program.stdin.end('b\na\n')
  expect(await program.ended).toMatchObject({ status: 0, stdout: 'a\nb\n' })
})

it('gives a command without -i no input', async () => {
  await using program = Program.start([...here, 'cat'])
  program.stdin.write('not for you')
  expect(await program.ended).toMatchObject({ status: 0, stdout: '' })
})

it('interrupts the command with the first Ctrl-C and kills it with the second', async () => {
  await using program = Program.start([
    ...here,
    'sh',
    '-c',
    'trap "echo got it" INT; echo ready; while :; do sleep 0.05; done',
  ])
  await program.printed.contains('ready\n')
  process.kill(program.pid, 'SIGINT')
  await program.printed.contains('got it\n')
  process.kill(program.pid, 'SIGINT')
  expect(await program.ended).toMatchObject({ status: 137 })
})

it('ends the command with itself', async () => {
  await using gateway = await startGateway()
  await using program = Program.start(['run', '--url', gateway.url, 'sh', '-c', 'echo ready; sleep 60'])
  await program.printed.contains('ready\n')
  process.kill(program.pid, 'SIGTERM')
  expect(await program.ended).toMatchObject({ status: 143 })
  expect(gateway.gateway.processMetrics.active).toBe(0)
})

it('ends when nobody reads what it writes', async () => {
  await using program = Program.start([...here, 'yes'])
  await program.printed.contains('y\n')
  program.stdout.destroy()
  expect(await program.exited).toMatchObject({ status: 141 })
})

it('says that what a command writes cannot be written here', async () => {
  const command = ['/bin/sh', '-c', 'exec "$@" >/dev/full', 'sh', testedNode, launcher] as const
  const ended = await Program.run([...here, 'yes'], { command })
  const stderr = 'execgate: the output cannot be written: ENOSPC: no space left on device, write\n'
  expect(ended).toMatchObject({ status: 125, stderr })
})

it('is a terminal to the command when it is in one, of the same size, with every key', async () => {
  await using gateway = await startGateway()
  await using client = await ExecClient.connect(gateway.url)
  const inner = [testedNode, launcher, 'run', '--url', gateway.url, '-it', '--', 'sh']
  await using outer = await client.start(['sh', '-c', 'stty rows 33 cols 111; exec "$@"', 'sh', ...inner], {
    tty: true,
  })
  const writer = outer.stdin.getWriter()
  await writer.write('stty size; echo $((6*7))\n')
  await untilShown(outer, '33 111\n42\n')
  await writer.write("sh -c 'echo started; exec sleep 60'\n")
  await untilShown(outer, 'started\n')
  // Ctrl-C as a key: it interrupts what runs inside, and nothing else.
  await writer.write('\u0003')
  await writer.write('echo after $?\n')
  await untilShown(outer, 'after 130\n')
  await writer.write('exit 5\n')
  expect(await outer.wait()).toMatchObject({ exitCode: 5 })
})

it.each([
  ['SIGTERM', 'TERM'],
  ['SIGHUP', 'HUP'],
  ['SIGQUIT', 'QUIT'],
] as const)('passes %s on to the command, which may end as it likes', async (signal, name) => {
  await using gateway = await startGateway()
  const script = `trap 'echo caught; exit 9' ${name}; echo ready; while :; do sleep 0.1; done`
  await using program = Program.start(['run', '--url', gateway.url, '--', 'sh', '-c', script])
  await program.printed.contains('ready')
  program.signal(signal)
  expect(await program.ended).toMatchObject({ status: 9, stdout: 'ready\ncaught\n' })
})

it('kills a command that will not hear a signal the second time', async () => {
  const script = `trap 'echo caught' TERM; echo ready; while :; do sleep 0.1; done`
  await using program = Program.start([...here, '--', 'sh', '-c', script])
  await program.printed.contains('ready')
  program.signal('SIGTERM')
  await program.printed.contains('caught')
  program.signal('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 137 })
})
