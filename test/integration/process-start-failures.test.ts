import { readdirSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { Libc } from '../../src/libc/libc.ts'
import { eventually } from '../support/eventually.ts'
import type { Peer } from '../support/peer.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'
import { wantsPortable } from '../support/tested-engine.ts'

type Start = Parameters<Peer['start']>[2]

interface Refusal {
  readonly what: string
  readonly argv: string[]
  readonly more?: Start
  readonly message: string
  readonly field: string
}

/** Longer than the system takes as one argument: execve(2), MAX_ARG_STRLEN */
const tooLong = 'x'.repeat(128 * 1024)

const refusals: Refusal[] = [
  {
    what: 'a program that does not exist',
    argv: ['/no/such/program'],
    message: 'No such file or directory (os error 2)',
    field: 'argv',
  },
  {
    what: 'a name that is nowhere in PATH',
    argv: ['no-such-program'],
    more: { env: { PATH: '/usr/bin:/bin' } },
    message: 'No such file or directory (os error 2)',
    field: 'argv',
  },
  {
    what: 'a name where PATH leads nowhere',
    argv: ['true'],
    more: { env: { PATH: '' } },
    message: 'No such file or directory (os error 2)',
    field: 'argv',
  },
  { what: 'a folder as the program', argv: ['/tmp'], message: 'Permission denied (os error 13)', field: 'argv' },
  {
    what: 'a file that may not be executed',
    argv: ['./locked'],
    message: 'Permission denied (os error 13)',
    field: 'argv',
  },
  {
    what: 'a name that only a file which may not be executed has',
    argv: ['locked'],
    more: { env: { PATH: '/nowhere:.:/usr/bin' } },
    message: 'Permission denied (os error 13)',
    field: 'argv',
  },
  { what: 'a path through a file', argv: ['./locked/x'], message: 'Not a directory (os error 20)', field: 'argv' },
  {
    what: 'a script whose interpreter does not exist',
    argv: ['./orphan'],
    message: 'No such file or directory (os error 2)',
    field: 'argv',
  },
  {
    what: 'an argument that is too long',
    argv: ['true', tooLong],
    message: 'Argument list too long (os error 7)',
    field: 'argv',
  },
  {
    what: 'a working directory that does not exist',
    argv: ['true'],
    more: { cwd: 'file:///no/such/folder' },
    message: 'No such file or directory (os error 2)',
    field: 'cwd',
  },
  {
    what: 'a file as the working directory',
    argv: ['true'],
    more: { cwd: 'file:///etc/passwd' },
    message: 'Not a directory (os error 20)',
    field: 'cwd',
  },
  { what: 'a NUL in the program', argv: ['tr\0ue'], message: 'nul byte found in provided data', field: 'argv' },
  { what: 'a NUL in an argument', argv: ['true', 'a\0b'], message: 'nul byte found in provided data', field: 'argv' },
  {
    what: 'a NUL in the name of a variable',
    argv: ['true'],
    more: { env: { 'A\0B': '' } },
    message: 'data provided contains a nul byte',
    field: 'env',
  },
  {
    what: 'a NUL in the value of a variable',
    argv: ['true'],
    more: { env: { A: 'a\0b' } },
    message: 'data provided contains a nul byte',
    field: 'env',
  },
  {
    what: 'a NUL in arg0',
    argv: ['true'],
    more: { arg0: 'a\0b' },
    message: 'nul byte found in provided data',
    field: 'arg0',
  },
  {
    what: 'a NUL in the working directory',
    argv: ['pwd'],
    more: { cwd: `file:///%00/bad/path/${Buffer.from('/tmp\0/x').toString('base64url')}` },
    message: 'nul byte found in provided data',
    field: 'cwd',
  },
]

describe.each([
  { streams: 'with pipes', tty: false },
  { streams: 'in a terminal', tty: true },
])('a start $streams', ({ tty }) => {
  it.each(refusals)('is refused for $what', async ({ argv, more, message, field }) => {
    using folder = new ScratchFolder()
    folder.write('locked', 'true', 0o644)
    folder.write('orphan', '#!/no/such/interpreter')
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const started = peer.start('p', argv, { cwd: folder.uri, tty, ...more })
    await expect(started).rejects.toMatchObject({ code: -32603, message, data: { field } })
  })

  it('is refused for an id that is taken before its program is looked at', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await peer.start('p', ['cat'], { tty })
    for (const argv of [[''], ['a\0'], ['/no/such/program']]) {
      await expect(peer.start('p', argv, { tty })).rejects.toMatchObject({ message: 'process p already exists' })
    }
    await expect(peer.start('p', [], { tty })).rejects.toMatchObject({ message: 'argv must not be empty' })
  })

  it('is refused for a file as the working directory, whatever the program', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const started = peer.start('p', ['no-such-program'], { tty, cwd: 'file:///etc/passwd' })
    await expect(started).rejects.toMatchObject({ message: 'Not a directory (os error 20)', data: { field: 'cwd' } })
  })

  it('is refused for an empty program', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const message = `missing program for ${tty ? 'PTY' : 'pipe'} spawn`
    await expect(peer.start('p', [''], { tty })).rejects.toMatchObject({ code: -32603, message })
  })

  it('is refused without a program', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const error = { code: -32602, message: 'argv must not be empty', data: { field: 'argv' } }
    await expect(peer.start('p', [], { tty })).rejects.toMatchObject(error)
  })

  it.skipIf(wantsPortable)('costs one look for each folder that is searched, and no attempt', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    using spawned = vi.spyOn(Libc.prototype, 'spawn')
    using asked = vi.spyOn(Libc.prototype, 'whyNotExecutable')
    const PATH = '/no/such/folder:relative:::relative:./other'
    await expect(peer.start('p', ['no-such-program'], { tty, env: { PATH } })).rejects.toThrow('No such file')
    expect(spawned).not.toHaveBeenCalled()
    expect(asked).toHaveBeenCalledTimes(4)
  })

  it('leaves the id free when it fails', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await expect(peer.start('p', ['/no/such/program'], { tty })).rejects.toThrow()
    await expect(peer.start('p', ['true'], { tty, cwd: 'file:///no/such/folder' })).rejects.toThrow()
    await peer.start('p', ['true'], { tty })
    expect((await peer.event('p', 'process/exited')).params.exitCode).toBe(0)
  })

  it('leaves no descriptor and no event behind when it fails', async () => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    const openBefore = openDescriptors()
    for (let attempt = 0; attempt < 20; attempt++) {
      await expect(peer.start('p', ['/no/such/program'], { tty, pipeStdin: true })).rejects.toThrow()
    }
    await eventually(() => openDescriptors() <= openBefore, 'the descriptors of failed starts are closed')
    expect(peer.events('p')).toEqual([])
    expect(gateway.gateway.ledger.active('process')).toBe(0)
  })
})

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
