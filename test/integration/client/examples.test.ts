import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'

const folder = fileURLToPath(new URL('../../../examples/', import.meta.url))

/** What each example prints. */
const printed: Record<string, RegExp> = {
  'copy-a-directory.ts':
    /^(0 of 4 files\n)+(1 of 4 files\n)+2 of 4 files\nstopped half-way\n4 files are there, some since the first run\nfour: the same\none: the same\nthree: the same\ntwo: the same\n$/,
  'run-a-command.ts':
    /^\.\n\.\.\n[^]*\ntmp\n[^]*exit code 3, standard error "to both\\n"\ncause exit, \d things known about it\n$/,
  'stream-output.ts': /^tick 1\ntick 2\ntick 3\nended with 137\n$/,
  'feed-input.ts': /^apple\npear\nsix times seven is 42\nexit code 4\n$/,
  'handle-errors.ts':
    /^ended with 0\ncannot be started: .*No such file or directory.*\ntook too long\nreached the limit maxOutputBytes\n$/,
}

it('has an expectation for every example', () => {
  expect(readdirSync(folder).filter(name => name.endsWith('.ts'))).toEqual(Object.keys(printed).toSorted())
})

it.each(Object.entries(printed))('%s does what it shows', async (example, expected) => {
  await using gateway = await startGateway()
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=execgate-source', folder + example],
    {
      env: { ...process.env, EXECGATE_URL: gateway.url },
    },
  )
  expect(stdout).toMatch(expected)
  expect(stderr).toBe('')
})
