import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { Program } from '../support/program.ts'

/** Runs the program, which must refuse in one line of its own words, and tells status and line. */
async function refusal(...argv: string[]): Promise<{ status: number | null; line: string }> {
  const { status, stdout, stderr } = await Program.run(argv)
  expect(stdout).toBe('')
  const [, line] = /^execgate: (.*)\n$/.exec(stderr) ?? []
  if (line === undefined) throw new Error(`not one line of execgate: ${JSON.stringify(stderr)}`)
  return { status, line }
}

/** A port that is taken, by this test or whoever was first. */
async function takePort(port: number): Promise<AsyncDisposable & { port: number }> {
  const server = net.createServer()
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  try {
    await listening
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return { port, [Symbol.asyncDispose]: async () => {} }
  }
  const { port: taken } = server.address() as net.AddressInfo
  return { port: taken, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe.each(['serve', 'exec-server'])('%s refuses', command => {
  test.each([
    'ws://localhost:0',
    'ws://127.0.0.1',
    'ws://127.0.0.1:0/',
    'ws://127.0.0.1:0/path',
    'ws://::1:0',
    'ws://',
  ])('%s, which is not IP:PORT', async url => {
    const line = expect.stringContaining(`invalid websocket --listen URL \`${url}\`; expected \`ws://IP:PORT\``)
    expect(await refusal(command, '--listen', url)).toEqual({ status: 1, line })
  })

  test.each(['http://127.0.0.1:0', 'wss://127.0.0.1:0', 'WS://127.0.0.1:0', '127.0.0.1:0', 'stdio:', ''])(
    '`%s`, which is not of the grammar',
    async url => {
      const line = expect.stringContaining(
        `unsupported --listen URL \`${url}\`; expected \`ws://IP:PORT\` or \`stdio\``,
      )
      expect(await refusal(command, '--listen', url)).toEqual({ status: 1, line })
    },
  )

  test('a port that is taken', async () => {
    await using taken = await takePort(0)
    const line = expect.stringMatching(new RegExp(`address already in use.*127\\.0\\.0\\.1:${taken.port}`))
    expect(await refusal(command, '--listen', `ws://127.0.0.1:${taken.port}`)).toEqual({ status: 1, line })
  })

  test('an address this machine does not have', async () => {
    // 192.0.2.0/24 is set aside for documentation, RFC 5737.
    const argv = ['--listen', 'ws://192.0.2.1:0', '--allow-unauthenticated']
    expect(await refusal(command, ...argv)).toEqual({ status: 1, line: expect.stringContaining('192.0.2.1') })
  })

  test.each(['ws://0.0.0.0:0', 'ws://[::]:0', 'ws://192.0.2.1:0'])('%s, which others can reach', async url => {
    const line = expect.stringMatching(/^refusing to listen on .* --allow-unauthenticated$/)
    expect(await refusal(command, '--listen', url)).toEqual({ status: 1, line })
  })

  test('a flag it does not know', async () => {
    const line = expect.stringContaining('unknown option `--colour`')
    expect(await refusal(command, '--colour')).toEqual({ status: 1, line })
  })

  test.each(['--remote', '--ws-auth', '--exit-on-stdin-close', '--strict-config', 'forward'])(
    '%s of the reference server by its name',
    async flag => {
      const line = expect.stringContaining(`execgate does not support \`${flag}\` of the reference server`)
      expect(await refusal(command, flag)).toEqual({ status: 1, line })
    },
  )

  test('a configuration file that is not there', async () => {
    const line = expect.stringContaining('cannot read the configuration file /nowhere/execgate.toml')
    expect(await refusal(command, '--config', '/nowhere/execgate.toml')).toEqual({ status: 1, line })
  })

  test('a value out of range, by name and with what is allowed', async () => {
    const line = expect.stringMatching(/--grace: `1h` is not a duration of 100ms to 5m/)
    expect(await refusal(command, '--grace', '1h')).toEqual({ status: 1, line })
  })
})

test('serve listens on port 7777 unless told otherwise, and says when it is taken', async () => {
  await using _taken = await takePort(7777)
  expect(await refusal('serve')).toEqual({ status: 1, line: expect.stringContaining('127.0.0.1:7777') })
})

test('serve does not take --concurrent-requests, which is for the place of the reference server', async () => {
  expect(await refusal('serve', '--concurrent-requests', '4')).toMatchObject({ status: 1 })
})

test('an unknown command ends with status 2', async () => {
  const line = expect.stringContaining('unknown command `serv`')
  expect(await refusal('serv')).toEqual({ status: 2, line })
})

test.each([[[]], [['--help']], [['serve', '--help']], [['--version']]])('%o answers on standard output', async argv => {
  const { status, stdout, stderr } = await Program.run(argv)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('execgate')
})
