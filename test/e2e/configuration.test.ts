import { describe, expect, test } from 'vitest'
import { anyPort, Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'

/** What a program that serves one connection logs until it is ended. */
async function logOf(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  await using program = await Program.listening([...argv, ...anyPort], { env })
  await program.connect()
  program.signal('SIGTERM')
  const { status, stderr } = await program.ended
  expect(status).toBe(0)
  return stderr
}

describe('the log level', () => {
  const opened = expect.stringContaining('connection opened')
  const silence = ''
  test.each([
    { fromFile: 'error', fromVariable: 'error', flag: 'info', log: opened },
    { fromFile: 'info', fromVariable: 'info', flag: 'error', log: silence },
    { fromFile: 'error', fromVariable: 'info', flag: undefined, log: opened },
    { fromFile: 'info', fromVariable: 'error', flag: undefined, log: silence },
    { fromFile: 'info', fromVariable: undefined, flag: undefined, log: opened },
    { fromFile: 'error', fromVariable: undefined, flag: undefined, log: silence },
  ])('file $fromFile, variable $fromVariable, flag $flag', async ({ fromFile, fromVariable, flag, log }) => {
    using folder = new ScratchFolder()
    const file = folder.write('execgate.toml', `log_level = "${fromFile}"\n`)
    const flags = flag === undefined ? [] : ['--log-level', flag]
    const env = fromVariable === undefined ? {} : { EXECGATE_LOG_LEVEL: fromVariable }
    // Serve would log by itself.
    expect(await logOf(['serve', '--config', file, ...flags], env)).toEqual(log)
  })

  test('comes from the file that EXECGATE_CONFIG names', async () => {
    using folder = new ScratchFolder()
    const file = folder.write('execgate.toml', 'log_level = "error"\n')
    expect(await logOf(['serve'], { EXECGATE_CONFIG: file })).toBe(silence)
  })

  test('comes from a bare RUST_LOG for exec-server alone', async () => {
    expect(await logOf(['exec-server'], { RUST_LOG: 'info' })).toEqual(opened)
    expect(await logOf(['serve'], { RUST_LOG: 'error' })).toEqual(opened)
  })

  test('is not touched by a RUST_LOG that filters by module', async () => {
    expect(await logOf(['exec-server'], { RUST_LOG: 'codex_exec_server=info' })).toBe(silence)
  })
})

test('a variable nobody knows is warned of', async () => {
  const log = await logOf(['serve'], { EXECGATE_COLOUR: 'red' })
  expect(log).toContain('EXECGATE_COLOUR')
  expect(log).not.toContain('red')
})

test('what Kubernetes injects for a service called execgate is passed over in silence', async () => {
  const env = { EXECGATE_PORT: 'tcp://10.0.0.1:7777', EXECGATE_SERVICE_HOST: '10.0.0.1', EXECGATE_SERVICE_PORT: '7777' }
  expect(await logOf(['serve', '--log-level', 'warn'], env)).toBe('')
})
