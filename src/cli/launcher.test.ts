import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const launcher = fileURLToPath(new URL('../../bin/execgate.js', import.meta.url))

/** An installation in a folder of its own, holding the launcher and the given programs. */
function install(...programs: string[]): Disposable & { bin: string } {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'execgate-launcher-'))
  cpSync(launcher, join(folder.path, 'bin', 'execgate.js'))
  writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }')
  for (const program of programs) {
    mkdirSync(join(folder.path, program, '..'), { recursive: true })
    writeFileSync(join(folder.path, program), `process.stdout.write('${program} ' + process.argv.slice(2).join())`)
  }
  return { bin: join(folder.path, 'bin', 'execgate.js'), [Symbol.dispose]: () => folder.remove() }
}

function launch(bin: string, pretend: Record<string, unknown> = {}) {
  const pretending = Object.entries(pretend).map(
    ([name, value]) => `Object.defineProperty(process, '${name}', { value: ${JSON.stringify(value)} })`,
  )
  const preload = `data:text/javascript,${encodeURIComponent(pretending.join('\n'))}`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preload, bin, 'serve', '--x'], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('a checkout runs its sources even when it has been built', () => {
  using installed = install('src/main.ts', 'dist/main.js')
  expect(launch(installed.bin)).toEqual({ status: 0, stdout: 'src/main.ts serve,--x', stderr: '' })
})

test('a package runs its build', () => {
  using installed = install('dist/main.js')
  expect(launch(installed.bin)).toEqual({ status: 0, stdout: 'dist/main.js serve,--x', stderr: '' })
})

test.each(['12.22.0', '20.20.2', '23.11.0'])('Node.js %s is refused in one line', version => {
  using installed = install('src/main.ts')
  const stderr = `execgate needs Node.js 24 or later; this is Node.js ${version} (${process.execPath})\n`
  expect(launch(installed.bin, { versions: { node: version } })).toEqual({ status: 1, stdout: '', stderr })
})

test('Windows is refused in one line', () => {
  using installed = install('src/main.ts')
  const { status, stdout, stderr } = launch(installed.bin, { platform: 'win32' })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^execgate does not run on Windows.*\n$/)
})
