import { expect, test } from 'vitest'
import { Program } from '../support/program.ts'

const serving = ['serve', '--listen', 'ws://127.0.0.1:0']
const env = { PATH: '/usr/bin:/bin' }

function tool(program: Program, ...argv: string[]) {
  return Program.run(argv, { env: { EXECGATE_URL: program.url } })
}

test('an operator lists what runs and ends it, without a word of what it is', async () => {
  await using program = await Program.listening(serving)
  const peer = await program.connect()
  await peer.start('build', ['/bin/sh', '-c', 'exec sleep 303'], { env })
  const listed = await tool(program, 'ps')
  expect(listed).toMatchObject({ status: 0, stderr: '' })
  expect(listed.stdout).toMatch(/^PROCESS .*\n1\/build +running +\d+ +\d+s +0 B +no +0 B +attached\n$/)
  expect(listed.stdout).not.toContain(peer.sessionId)
  expect(await tool(program, 'kill', '1/build')).toMatchObject({ status: 0, stdout: '1/build killed\n', stderr: '' })
  await peer.event('build', 'process/closed')
  expect(await tool(program, 'kill', '1/build')).toMatchObject({ status: 0, stdout: '1/build had ended already\n' })
  const json = await tool(program, 'ps', '--all', '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({
    processes: [{ session: 1, id: 'build', state: 'closed', pid: null }],
  })
  await program.logged.contains('an operator killed a process')
})

test('what is not there is an error with status 1', async () => {
  await using program = await Program.listening(serving)
  const unknown = await tool(program, 'kill', '4/nothing')
  expect(unknown).toMatchObject({ status: 1, stdout: expect.stringContaining('4/nothing is not known') })
  program.signal('SIGTERM')
  await program.exited
  const gone = await tool(program, 'ps')
  expect(gone).toMatchObject({ status: 1, stdout: '' })
  expect(gone.stderr).toMatch(/^execgate: no gateway answers at http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .*\n$/)
})

test.each([
  [['kill'], 'kill needs SESSION/PROCESS'],
  [['kill', 'build'], '`build` is not SESSION/PROCESS'],
  [['ps', '--url', 'nowhere'], '--url: `nowhere` is not http://IP:PORT'],
  [['ps', '--verbose'], 'unknown option `--verbose`'],
])('%o is not understood, status 2', async (argv, message) => {
  const { status, stdout, stderr } = await Program.run(argv)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain(`execgate: ${message}`)
})

test('exec-server serves operators only where it is told to', async () => {
  await using program = await Program.listening(['exec-server', '--listen', 'ws://127.0.0.1:0'])
  const { status, stderr } = await tool(program, 'ps')
  expect(status).toBe(1)
  expect(stderr).toContain('serves no operators')
})

test('doctor says that a gateway can run here, to people and to programs', async () => {
  const text = await Program.run(['doctor'])
  expect(text).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^ok +engine [^]*\nA gateway can run here\.\n$/),
  })
  const json = await Program.run(['doctor', '--json'])
  const { isReady, findings } = JSON.parse(json.stdout) as { isReady: boolean; findings: unknown[] }
  expect(isReady).toBe(true)
  expect(findings).toContainEqual(expect.objectContaining({ name: 'engine', isOk: true, isNeeded: true }))
})

test('the protocol is described alike by the program and by a gateway', async () => {
  await using program = await Program.listening(serving)
  const printed = await Program.run(['openrpc'])
  const served = await fetch(`${program.url.replace('ws', 'http')}/openrpc.json`)
  expect(served.headers.get('content-type')).toMatch(/^application\/json/)
  expect(await served.text()).toBe(printed.stdout)
  expect(JSON.parse(printed.stdout)).toMatchObject({ openrpc: '1.3.2', info: { title: 'execgate' } })
})

test('completions are printed for the shell that is named', async () => {
  expect((await Program.run(['completion', 'bash'])).stdout).toMatch(/\ncomplete -F _execgate execgate\n$/)
  const { status, stderr } = await Program.run(['completion', 'tcsh'])
  expect({ status, stderr }).toEqual({ status: 2, stderr: 'execgate: `tcsh` is not one of bash, zsh, fish\n' })
})
