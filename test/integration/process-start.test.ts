import { mkdirSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

describe('the program of a process', () => {
  it('is found although the environment has no PATH', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['true'], { env: {} })
    expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(0)
  })

  it('is searched in the PATH of the process', async () => {
    using folder = new ScratchFolder()
    folder.write('greet', '#!/bin/sh\necho hello')
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['greet'], { env: { PATH: `/nowhere:${folder.path}:/usr/bin` } })
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout').toString()).toBe('hello\n')
  })

  it('is not searched in the PATH of the gateway', async () => {
    using folder = new ScratchFolder()
    folder.write('greet', '#!/bin/sh\necho hello')
    vi.stubEnv('PATH', `${folder.path}:${process.env['PATH']}`)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const started = peer.start('p', ['greet'], { env: { PATH: '/usr/bin:/bin' } })
    await expect(started).rejects.toThrow('No such file or directory (os error 2)')
  })

  it('is the first candidate in PATH that may be executed', async () => {
    using folder = new ScratchFolder()
    folder.write('locked/greet', '#!/bin/sh\necho locked', 0o644)
    folder.write('open/greet', '#!/bin/sh\necho open')
    folder.write('late/greet', '#!/bin/sh\necho late')
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const path = ['locked', 'open', 'late'].map(name => `${folder.path}/${name}`).join(':')
    await peer.start('p', ['greet'], { env: { PATH: path } })
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout').toString()).toBe('open\n')
  })

  it.each([
    ['a relative path', './greet', {}],
    ['a path through a folder', 'sub/greet', {}],
    ['a name in a relative entry of PATH', 'greet', { PATH: '/nowhere:sub' }],
    ['a name in an empty entry of PATH', 'greet', { PATH: '/nowhere:' }],
  ])('may be %s, seen from the working directory', async (_what, program, env) => {
    using folder = new ScratchFolder()
    folder.write('greet', '#!/bin/sh\necho hello')
    folder.write('sub/greet', '#!/bin/sh\necho hello')
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', [program], { env, cwd: folder.uri })
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout').toString()).toBe('hello\n')
  })

  it.each([
    ['by its path', './script', {}],
    ['by its name', 'script', { PATH: '.' }],
  ])('may be a script that names no interpreter, given %s', async (_how, program, env) => {
    using folder = new ScratchFolder()
    folder.write('script', 'echo "$# $1"')
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', [program, 'one two'], { env, cwd: folder.uri })
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout').toString()).toBe('1 one two\n')
  })

  it.each([false, true])('sees arg0 as its own name and is argv[0] all the same (terminal: %s)', async tty => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['/bin/cat', '/proc/self/cmdline'], { arg0: 'dog', tty })
    await peer.event('p', 'process/closed')
    expect(peer.output('p').toString()).toBe('dog\0/proc/self/cmdline\0')
  })

  it('gets its arguments as they are', async () => {
    const words = ['', ' ', '$HOME', '*', '"quoted"', "it's", '\\', '\n', 'héllo', '🦉', '-n', '; exit 1']
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['/usr/bin/printf', '%s\\0', ...words])
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout').toString().split('\0')).toEqual([...words, ''])
  })
})

it.each([false, true])(
  'blocks and ignores no signal from its start, not even those of the C library (terminal: %s)',
  async tty => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['/bin/cat', '/proc/self/status'], { tty })
    await peer.event('p', 'process/closed')
    const signals = peer
      .output('p')
      .toString()
      .match(/^Sig(?:Blk|Ign):\s\w+/gm)
    expect(signals).toEqual(['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000'])
  },
)

describe('the working directory of a process', () => {
  it('may have a name that is not UTF-8', async () => {
    using folder = new ScratchFolder()
    const name = Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0xff])])
    mkdirSync(name)
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['/bin/pwd', '-P'], { cwd: `${folder.uri}/%FF` })
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout')).toEqual(Buffer.concat([name, Buffer.from('\n')]))
  })

  it('may have blanks and letters of any script in its name', async () => {
    using folder = new ScratchFolder()
    folder.write('ein Ordner/für 🦉/file', '')
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['/bin/ls'], { cwd: `${folder.uri}/ein%20Ordner/f%C3%BCr%20%F0%9F%A6%89` })
    await peer.event('p', 'process/closed')
    expect(peer.output('p', 'stdout').toString()).toBe('file\n')
  })
})

it('tells that a process runs without a sandbox', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const params = { processId: 'p', argv: ['true'], cwd: 'file:///', env: {}, tty: false }
  expect(await peer.call('process/start', params)).toEqual({ processId: 'p', sandboxType: 'none' })
})
