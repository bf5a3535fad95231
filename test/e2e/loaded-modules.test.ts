import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { anyPort, launcher, Program, testedNode } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'

const lister = fileURLToPath(new URL('../support/list-modules.ts', import.meta.url))

/** Runs the program and tells what it has loaded in the end: packages by their names, its own modules by their paths. */
async function loadedBy(argv: readonly string[], untilUrl = false): Promise<Set<string>> {
  using folder = new ScratchFolder()
  const list = join(folder.path, 'modules')
  const options = {
    command: [testedNode, '--import', lister, launcher],
    env: { MODULE_LIST: list },
  } as const
  await using program = untilUrl ? await Program.listening(argv, options) : Program.start(argv, options)
  if (untilUrl) program.signal('SIGTERM')
  else program.stdin.end()
  expect(await program.ended).toMatchObject({ status: 0 })
  const names = readFileSync(list, 'utf8').matchAll(
    /\/(?:src|node_modules)\/((?:@[^/\n]+\/[^/\n]+)|[^/\n]+\/[^/\n]+\.ts|[^/\n]+)/g,
  )
  return new Set(Array.from(names, ([, name = '']) => name))
}

const server = ['fastify', '@fastify/websocket']
const gateway = ['gateway/gateway.ts', 'koffi', 'pino', ...server]
const client = ['client/link.ts', 'client/exec-client.ts']
const common = ['config/options.ts', 'cli/command-line.ts', 'zod']

test.each(['--help', '--version', 'serve --help'])('%s loads neither a gateway nor a client', async line => {
  const loaded = await loadedBy(line.split(' '))
  expect([...loaded]).toEqual(expect.arrayContaining(common))
  for (const name of [...gateway, ...client, 'ws', 'undici']) expect(loaded).not.toContain(name)
})

test('a gateway loads no client, and nothing for HTTP requests before there is one', async () => {
  const loaded = await loadedBy(['serve', ...anyPort], true)
  expect([...loaded]).toEqual(expect.arrayContaining([...common, 'gateway/gateway.ts', ...server]))
  for (const name of [...client, 'undici']) expect(loaded).not.toContain(name)
})

test('a command on a gateway loads no gateway', async () => {
  await using there = await Program.listening(['serve', ...anyPort])
  const loaded = await loadedBy(['run', '--url', there.url, '--', 'true'])
  expect([...loaded]).toEqual(expect.arrayContaining([...common, ...client, 'ws']))
  for (const name of gateway) expect(loaded).not.toContain(name)
})

test('a command here loads no server', async () => {
  const loaded = await loadedBy(['run', '--local', '--', 'true'])
  expect([...loaded]).toEqual(expect.arrayContaining([...common, ...client, 'gateway/gateway.ts']))
  for (const name of server) expect(loaded).not.toContain(name)
})
