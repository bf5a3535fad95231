import { execFileSync } from 'node:child_process'
import { readlinkSync, realpathSync } from 'node:fs'
import { expect, test } from 'vitest'
import { recordsOf } from '../support/log-records.ts'
import { anyPort, Program } from '../support/program.ts'

const node = process.env['EXECGATE_TESTED_NODE'] ?? process.execPath

function isMusl(): boolean {
  const script = 'process.report.excludeNetwork = true; process.report.getReport().header.glibcVersionRuntime'
  return execFileSync(node, ['-p', script], { encoding: 'utf8' }) === 'undefined\n'
}

test('the Node that is tested runs the program', async () => {
  await using program = await Program.listening(['serve', ...anyPort])
  expect(readlinkSync(`/proc/${program.pid}/exe`)).toBe(realpathSync(node))
})

test('processes run whatever C library it has, and with musl the reason for the other engine is told', async () => {
  // Chosen by the program itself, whichever engine is tested otherwise.
  await using program = await Program.listening(['serve', ...anyPort], { env: { EXECGATE_ENGINE: 'auto' } })
  const peer = await program.connect()
  expect(await peer.run('p', 'echo hello; exit 7')).toMatchObject({ exitCode: 7, stdout: 'hello\n' })
  program.signal('SIGTERM')
  const { status, stderr } = await program.ended
  expect(status).toBe(0)
  const told = recordsOf(stderr).filter(({ msg }) => msg === 'processes are started by the portable engine')
  const reason = 'the native engine needs glibc, this Node runs on musl'
  expect(told.map(record => record['reason'])).toEqual(isMusl() ? [reason] : [])
})
