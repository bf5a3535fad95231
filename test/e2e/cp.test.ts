import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { closedPort } from '../support/closed-port.ts'
import { CuttingProxy } from '../support/cutting-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { anyPort, Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

const mebibyte = 1024 * 1024

async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const folder = acquired.use(new ScratchFolder())
  const gateway = acquired.use(await startGateway())
  const owned = acquired.move()
  return {
    url: gateway.url,
    at: (name: string) => join(folder.path, name),
    cp: (...operands: string[]) => Program.run(['cp', '--url', gateway.url, ...operands]),
    start: (...operands: string[]) => Program.start(['cp', '--url', gateway.url, ...operands]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const silent = { status: 0, stdout: '', stderr: '' }

it('copies a file there and back', async () => {
  await using stage = await openStage()
  const { at, cp } = stage
  const data = randomBytes(9_000_001)
  writeFileSync(at('a'), data)
  expect(await cp(at('a'), `:${at('b')}`)).toMatchObject(silent)
  expect(await cp(`gateway:${at('b')}`, at('c'))).toMatchObject(silent)
  expect(readFileSync(at('b')).equals(data)).toBe(true)
  expect(readFileSync(at('c')).equals(data)).toBe(true)
})

it('copies a directory into one that exists, under its name, and to a new one', async () => {
  await using stage = await openStage()
  const { at, cp } = stage
  mkdirSync(at('tree/inner/empty'), { recursive: true })
  writeFileSync(at('tree/inner/ä b'), 'abc')
  writeFileSync(Buffer.concat([Buffer.from(at('tree/')), Buffer.from([0xff])]), 'bytes')
  symlinkSync('nowhere', at('tree/link'))
  const leftOut = { status: 0, stderr: 'execgate: left out, being neither files nor directories: 1\n' }
  mkdirSync(at('up'))
  expect(await cp(at('tree'), `:${at('up')}`)).toMatchObject(leftOut)
  expect(await cp(`:${at('up/tree')}`, at('down'))).toMatchObject(silent)
  expect(await cp(`${at('tree')}/.`, `:${at('up')}`)).toMatchObject(leftOut)
  for (const copied of ['up/tree', 'down']) {
    expect(readdirSync(at(copied), { encoding: 'latin1' })).toEqual(['inner', 'ÿ'])
    expect(readdirSync(at(`${copied}/inner`))).toEqual(['empty', 'ä b'])
    expect(readFileSync(at(`${copied}/inner/ä b`), 'utf8')).toBe('abc')
  }
  expect(readdirSync(at('up'))).toContain('inner')
})

it.each(['up', 'down'] as const)('goes on %s where it was killed', async direction => {
  await using stage = await openStage()
  await using proxy = await CuttingProxy.open(stage.url)
  const { at } = stage
  mkdirSync(at('here'))
  mkdirSync(at('there'))
  writeFileSync(at('here/small'), randomBytes(1000))
  writeFileSync(at('here/large'), randomBytes(64 * mebibyte))
  const env = { XDG_STATE_HOME: at('state') }
  const operands = direction === 'up' ? [`${at('here')}/.`, `:${at('there')}`] : [`:${at('here')}/.`, at('there')]
  const argv = ['cp', '--url', proxy.url, ...operands]
  {
    await using program = Program.start(argv, { env })
    await eventually(() => proxy.hasLink && proxy.link.passedBytes(direction) > 40 * mebibyte, 'half of it is copied')
    proxy.link.freeze()
    program.signal('SIGKILL')
    expect(await program.exited).toMatchObject({ signal: 'SIGKILL' })
  }
  const before = proxy.link
  expect(await Program.run(argv, { env })).toMatchObject(silent)
  expect(proxy.link).not.toBe(before)
  // Base64 takes four characters for three bytes: whole it would be more than 85 MiB.
  expect(proxy.link.passedBytes(direction)).toBeLessThan(65 * mebibyte)
  for (const name of ['small', 'large']) {
    expect(readFileSync(at(`there/${name}`)).equals(readFileSync(at(`here/${name}`)))).toBe(true)
  }
  expect(readdirSync(at('there'))).toEqual(['large', 'small'])
  expect(readdirSync(at('state/execgate/copies'))).toEqual([])
})

it('says that it can go on when the gateway is gone, and does when another one is there', async () => {
  await using stage = await openStage()
  const { at } = stage
  writeFileSync(at('source'), randomBytes(64 * mebibyte))
  const env = { XDG_STATE_HOME: at('state') }
  await using first = await Program.listening(['serve', ...anyPort])
  // Nothing gets through it while nobody looks.
  await using proxy = await CuttingProxy.open(first.url)
  const copying = ['cp', '--url', proxy.url, at('source'), `:${at('target')}`]
  await using program = Program.start(copying, { env })
  await eventually(() => proxy.hasLink && proxy.link.passedBytes('up') > 40 * mebibyte, 'a part is copied')
  first.signal('SIGKILL')
  await first.exited
  await using _second = await Program.listening(['serve', '--listen', first.url])
  expect(await program.ended).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the same command goes on from here') as string,
  })
  expect(await Program.run(copying, { env })).toMatchObject(silent)
  expect(readFileSync(at('target')).equals(readFileSync(at('source')))).toBe(true)
  expect(readdirSync(at('')).toSorted()).toEqual(['source', 'state', 'target'])
}, 60_000)

it('refuses to copy onto itself, which would empty the file', async () => {
  await using stage = await openStage()
  const { at, cp } = stage
  mkdirSync(at('tree'))
  writeFileSync(at('tree/file'), 'abc')
  const refused = { status: 1, stderr: expect.stringContaining('here and at the gateway are the same') as string }
  expect(await cp(at('tree/file'), `:${at('tree')}`)).toMatchObject(refused)
  expect(await cp(`:${at('tree/file')}`, at('tree/file'))).toMatchObject(refused)
  expect(await cp(`:${at('tree')}`, at('.'))).toMatchObject(refused)
  expect(readFileSync(at('tree/file'), 'utf8')).toBe('abc')
})

it('copies standard streams', async () => {
  await using stage = await openStage()
  await using program = stage.start('-', `:${stage.at('file')}`)
  program.stdin.end('hello\n')
  expect(await program.ended).toMatchObject(silent)
  expect(await stage.cp(`:${stage.at('file')}`, '-')).toMatchObject({ status: 0, stdout: 'hello\n', stderr: '' })
})

it('does not wait for input that nobody takes', async () => {
  await using stage = await openStage()
  await using program = stage.start('-', `:${stage.at('missing/file')}`)
  expect(await program.exited).toMatchObject({ status: 1 })
  expect(program.logged.text).toMatch(/No such file or directory/)
})

it('ends silently when nobody reads its output', async () => {
  await using stage = await openStage()
  writeFileSync(stage.at('file'), randomBytes(4_000_000))
  await using program = stage.start(`:${stage.at('file')}`, '-')
  program.stdout.destroy()
  expect(await program.exited).toMatchObject({ status: 141 })
  expect(program.logged.text).toBe('')
})

it('copies where nothing can be recorded', async () => {
  await using stage = await openStage()
  writeFileSync(stage.at('file'), 'x')
  const argv = ['cp', '--url', stage.url, stage.at('file'), `:${stage.at('copy')}`]
  expect(await Program.run(argv, { env: { XDG_STATE_HOME: '/dev/null' } })).toMatchObject(silent)
  expect(readFileSync(stage.at('copy'), 'utf8')).toBe('x')
})

it('says what is wrong, and exits with 1', async () => {
  await using stage = await openStage()
  const { at, cp } = stage
  writeFileSync(at('file'), 'x')
  const missing = expect.stringContaining('No such file or directory') as string
  expect(await cp(`:${at('missing')}`, at('b'))).toMatchObject({ status: 1, stderr: missing })
  expect(await cp(at('missing'), `:${at('b')}`)).toMatchObject({
    status: 1,
    stderr: `execgate: ENOENT: no such file or directory, stat '${at('missing')}'\n`,
  })
  expect(await cp(at('file'), `:${at('no/')}`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is no directory'),
  })
  expect(await cp(`:${at('')}`, '-')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('a directory cannot'),
  })
  expect(await Program.run(['cp', '--url', `ws://${await closedPort()}`, 'a', ':/b'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('failed to connect'),
  })
})

it.each([
  [['a', 'b'], 'execgate: one of the two is at the gateway: write it as `:PATH`, or `gateway:PATH`\n'],
  [['a'], 'execgate: cp needs SOURCE DESTINATION: `execgate cp --help` says how\n'],
])('exits with 2 for %j', async (operands, stderr) => {
  expect(await Program.run(['cp', ...operands])).toMatchObject({ status: 2, stderr })
})
