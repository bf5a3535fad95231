import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { recordsOf } from '../support/log-records.ts'
import { compiler, PackageFolder } from '../support/package-folder.ts'
import { anyPort, Program } from '../support/program.ts'

let folder: PackageFolder

beforeAll(() => {
  folder = new PackageFolder()
}, 120_000)

beforeEach(() => {
  folder.install()
})

afterAll(() => {
  folder[Symbol.dispose]()
})

const fallback = 'processes are started by the portable engine'

test('the package holds compiled code with its types, no source and no test', () => {
  const strangers = folder.contents.filter(
    path =>
      !/^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/execgate\.js)$/.test(path) &&
      !/^dist\/.*\.(?:js|d\.ts)$/.test(path),
  )
  expect(strangers).toEqual([])
  expect(folder.contents).toContain('dist/main.js')
  expect(folder.contents.filter(path => path.includes('.test.'))).toEqual([])
})

test.each([
  { what: 'complete, by the native engine', leftOut: [], reasons: [] },
  { what: 'without koffi, by the portable one, and says so in one line', leftOut: ['koffi'], reasons: [/koffi/] },
  {
    what: 'without koffi and node-pty, where only terminals are refused',
    leftOut: ['koffi', 'node-pty'],
    reasons: [/koffi/],
  },
])('the installed package runs a process: $what', async ({ leftOut, reasons }) => {
  folder.install({ leftOut })
  const command = [process.execPath, folder.launcher] as const
  // Chosen by the program itself, whichever engine is tested otherwise.
  const env = { EXECGATE_ENGINE: 'auto' }
  await using program = await Program.listening(['serve', ...anyPort], { command, env })
  const peer = await program.connect()
  expect(await peer.run('p', 'echo hello; exit 7')).toMatchObject({ exitCode: 7, stdout: 'hello\n' })
  const inTerminal = peer.start('t', ['/bin/sh', '-c', 'test -t 0'], { tty: true })
  if (leftOut.includes('node-pty')) {
    const message = /the portable engine has no terminals: node-pty cannot be loaded: Cannot find/
    await expect(inTerminal).rejects.toThrow(message)
  } else {
    await inTerminal
    expect((await peer.event('t', 'process/exited')).params.exitCode).toBe(0)
  }
  program.signal('SIGTERM')
  const { status, stderr } = await program.ended
  expect(status).toBe(0)
  const told = recordsOf(stderr).filter(({ msg }) => msg === fallback)
  expect(told.map(({ reason }) => reason)).toEqual(reasons.map(reason => expect.stringMatching(reason)))
})

test('a native engine that is asked for and impossible is an error at the start', async () => {
  folder.install({ leftOut: ['koffi'] })
  const command = [process.execPath, folder.launcher] as const
  const { status, stdout, stderr } = await Program.run(['serve', ...anyPort, '--engine', 'native'], { command })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^execgate: the native engine cannot run here: Cannot find module 'koffi'\n$/)
})

test('client and protocol can be imported by name, with their types', { timeout: 120_000 }, () => {
  const strict = { strict: true, module: 'nodenext', target: 'esnext', lib: ['esnext'], types: ['node'], noEmit: true }
  folder.write('package.json', '{ "type": "module" }')
  folder.write('tsconfig.json', JSON.stringify({ compilerOptions: strict, files: ['good.ts', 'bad.ts'] }))
  folder.write(
    'good.ts',
    `import { ExecClient } from 'execgate/client'
import { methods } from 'execgate/protocol'
export const connect: typeof ExecClient.connect = ExecClient.connect
export const name: keyof typeof methods = 'process/start'
`,
  )
  folder.write(
    'bad.ts',
    `import type { methods } from 'execgate/protocol'
export const name: keyof typeof methods = 'process/nonsense'
`,
  )
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json', '--pretty', 'false'], {
    cwd: folder.project,
    encoding: 'utf8',
  })
  expect(stdout.split('\n').filter(line => /^\S/.test(line))).toEqual([
    expect.stringMatching(/^bad\.ts\(2,14\): error TS2322: /),
  ])
  folder.write(
    'run.js',
    `import { ExecClient } from 'execgate/client'
import { methods } from 'execgate/protocol'
console.log(typeof ExecClient.connect, 'process/start' in methods)
`,
  )
  const run = spawnSync(process.execPath, ['run.js'], { cwd: folder.project, encoding: 'utf8' })
  expect(run).toMatchObject({ status: 0, stdout: 'function true\n', stderr: '' })
})
