import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFifo } from '../support/fifo.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

const empty = { layers: [], cloudInsertionIndex: 0 }
const asked = { cwd: 'file:///no/such', configPaths: [['mcp_servers']], requirementsPaths: [['mcp_servers']] }

it('answers with empty stacks while nothing is set up', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  expect(await peer.call('environmentConfig/read', asked)).toEqual({
    userHomeDir: 'file:///home/u',
    codexHomeDir: 'file:///home/u/.codex',
    hostname: 'vm',
    config: empty,
    requirements: empty,
  })
})

it('answers with the parts of the configured folder that are asked for', async () => {
  using folder = new ScratchFolder()
  folder.write('config.toml', 'model = "m1"\n\n[mcp_servers.docs]\nurl = "http://docs"\n')
  folder.write('requirements.toml', '[rules]\nx = 1\n')
  await using gateway = await startGateway({
    clientConfig: { folder: folder.path, homeDir: undefined, hostname: undefined },
  })
  const peer = await gateway.connect()
  expect(await peer.call('environmentConfig/read', asked)).toEqual({
    userHomeDir: null,
    codexHomeDir: folder.uri,
    hostname: null,
    config: {
      layers: [
        {
          source: `user (${folder.path}/config.toml)`,
          baseDir: folder.uri,
          toml: '[mcp_servers.docs]\nurl = "http://docs"\n',
        },
      ],
      cloudInsertionIndex: 0,
    },
    requirements: empty,
  })
  const { requirements } = await peer.call('environmentConfig/read', {
    cwd: folder.uri,
    configPaths: [],
    requirementsPaths: [['rules', 'x']],
  })
  expect(requirements.layers.map(({ toml }) => toml)).toEqual(['[rules]\nx = 1\n'])
})

describe('a question that cannot be answered', () => {
  it.each([
    [{ configPaths: [], requirementsPaths: [] }, 'at least one config or requirements path is required'],
    [{ configPaths: [[]] }, 'TOML paths must contain at least one key segment'],
    [{ cwd: 'file:///C:/x' }, "'file:///C:/x' is invalid on 'linux'"],
  ])('%j is refused', async (wrong, message) => {
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await expect(peer.call('environmentConfig/read', { ...asked, ...wrong })).rejects.toMatchObject({
      code: -32602,
      message,
    })
  })

  it('says where a file is wrong', async () => {
    using folder = new ScratchFolder()
    folder.write('config.toml', 'a = 1\nb =\n')
    await using gateway = await startGateway({
      clientConfig: { folder: folder.path, homeDir: '/h', hostname: 'vm' },
    })
    const peer = await gateway.connect()
    await expect(peer.call('environmentConfig/read', asked)).rejects.toMatchObject({
      code: -32603,
      message: `failed to load executor-local config: ${folder.path}/config.toml:2:4: invalid value`,
    })
  })

  it.each([
    ['nests without measure', Buffer.from(`a = ${'['.repeat(90_000)}`), 'it has more than 200 brackets open at a time'],
    ['is no text', Buffer.from('a = "\xff"', 'latin1'), 'it is not UTF-8 text'],
    ['has no end', '/dev/zero', 'it is longer than 1048576 bytes'],
    ['has no end and no order', '/dev/urandom', 'it is longer than 1048576 bytes'],
    ['waits for somebody to type', '/dev/ptmx', 'Resource temporarily unavailable (os error 11)'],
    ['is a pipe', 'pipe', 'it is a pipe'],
  ])('says that a file %s', async (_, contents, problem) => {
    using folder = new ScratchFolder()
    const path = join(folder.path, 'config.toml')
    if (typeof contents !== 'string') writeFileSync(path, contents)
    else symlinkSync(contents, path)
    makeFifo(join(folder.path, 'pipe'))
    await using gateway = await startGateway({
      clientConfig: { folder: folder.path, homeDir: '/h', hostname: 'vm' },
    })
    const peer = await gateway.connect()
    await expect(peer.call('environmentConfig/read', asked)).rejects.toMatchObject({
      code: -32603,
      message: `failed to load executor-local config: ${path}: ${problem}`,
    })
  })

  it('takes a device without contents for an empty file', async () => {
    using folder = new ScratchFolder()
    symlinkSync('/dev/null', join(folder.path, 'config.toml'))
    await using gateway = await startGateway({
      clientConfig: { folder: folder.path, homeDir: '/h', hostname: 'vm' },
    })
    const peer = await gateway.connect()
    const { config } = await peer.call('environmentConfig/read', asked)
    expect(config).toEqual(empty)
  })

  it('says why a file cannot be read', async () => {
    using folder = new ScratchFolder()
    folder.write('config.toml/x', '')
    await using gateway = await startGateway({
      clientConfig: { folder: folder.path, homeDir: '/h', hostname: 'vm' },
    })
    const peer = await gateway.connect()
    await expect(peer.call('environmentConfig/read', asked)).rejects.toMatchObject({
      code: -32603,
      message: `failed to load executor-local config: ${folder.path}/config.toml: Is a directory (os error 21)`,
    })
  })
})
