import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * Runs the transcripts against a server: `node test/conformance/main.ts --target ws://IP:PORT [-- PROGRAM ARG...]`, where
 * the program speaks the protocol on its standard streams. Without a target they run against this gateway.
 */
const { values, positionals } = parseArgs({ options: { target: { type: 'string' } }, allowPositionals: true })
const runner = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const child = spawn(process.execPath, [runner, 'run', '--project', 'conformance'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    ...(values.target !== undefined && { EXECGATE_CONFORMANCE_TARGET: values.target }),
    ...(positionals.length > 0 && { EXECGATE_CONFORMANCE_PROGRAM: JSON.stringify(positionals) }),
  },
})
child.once('exit', code => {
  process.exitCode = code ?? 1
})
