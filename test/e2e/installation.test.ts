import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { launcher, Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** What a system installs, which may be older than what the program needs. */
const systemNode = '/usr/bin/node'

function majorOf(node: string): number {
  if (!existsSync(node)) return Infinity
  return parseInt(execFileSync(node, ['--version'], { encoding: 'utf8' }).slice(1), 10)
}

test.runIf(majorOf(systemNode) < 24)('an older Node of the system is refused in one line', () => {
  const { status, stdout, stderr } = spawnSync(systemNode, [launcher, 'serve'], { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^execgate needs Node\.js 24 or later; this is Node\.js \S+ \(\/usr\/bin\/node\)\n$/)
})

test('the build runs without its sources', { timeout: 120_000 }, async () => {
  using folder = new ScratchFolder()
  const at = (name: string) => join(folder.path, name)
  const compiler = join(checkout, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(checkout, 'src/tsconfig.json'), '--outDir', at('dist')])
  cpSync(join(checkout, 'package.json'), at('package.json'))
  cpSync(launcher, at('bin/execgate.js'))
  symlinkSync(join(checkout, 'node_modules'), at('node_modules'))
  for (const entry of ['dist/main.js', 'bin/execgate.js']) {
    await using program = await Program.listening(['exec-server'], { command: [process.execPath, at(entry)] })
    const peer = await program.connect()
    expect(await peer.run('p', 'echo hello')).toMatchObject({ exitCode: 0, stdout: 'hello\n' })
    program.signal('SIGTERM')
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' })
  }
})
