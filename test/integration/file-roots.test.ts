import { existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { harvest, plant } from '../support/tree.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

const refusal = {
  code: -32600,
  message: 'the path leads out of the directories that file-roots and read-only-file-roots name',
  data: { option: 'fileRoots' },
}
const options = { maxDepth: 9, maxDirectories: 1000, maxEntries: 9000 }
const secret = Buffer.from('secret').toString('base64')

async function openStage() {
  const scratch = new ScratchFolder()
  plant(join(scratch.path, 'top'), {
    root: { file: 'text', directory: { below: 'text' } },
    rooted: { file: 'secret' },
    outside: { file: 'secret', directory: { deep: 'secret' } },
  })
  const at = (name: string) => join(scratch.path, 'top', name)
  symlinkSync('../outside', at('root/out'))
  symlinkSync(at('outside/file'), at('root/outFile'))
  symlinkSync('../outside/new', at('root/outNew'))
  symlinkSync('directory/../file', at('root/in'))
  symlinkSync(at('root/directory'), at('root/absolute'))
  symlinkSync('../root/file', at('root/around'))
  const gateway = await startGateway({ limits: { fileRoots: [at('root')] } })
  return {
    scratch,
    at,
    peer: await gateway.connect(),
    uri: (name: string) => `${scratch.uri}/top/${name}`,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      scratch[Symbol.dispose]()
    },
  }
}

/** Every request that names a path. */
function requestsFor(path: string, inside: string): [string, object][] {
  const dataBase64 = ''
  return [
    ['fs/readFile', { path }],
    ['fs/readFile', { path, followSymlinks: false }],
    ['fs/writeFile', { path, dataBase64 }],
    ['fs/writeFile', { path, dataBase64, atomic: true }],
    ['fs/writeFile', { path, dataBase64, followSymlinks: false }],
    ['fs/open', { handleId: 'r', path }],
    ['fs/open', { handleId: 'w', path, mode: 'replace' }],
    ['fs/createDirectory', { path }],
    ['fs/createDirectory', { path, recursive: false }],
    ['fs/createDirectory', { path, followSymlinks: false }],
    ['fs/getMetadata', { path }],
    ['fs/getMetadata', { path, followSymlinks: false }],
    ['fs/canonicalize', { path }],
    ['fs/readDirectory', { path }],
    ['fs/walk', { path, options: { ...options, followDirectorySymlinks: false } }],
    ['fs/walk', { path, options: { ...options, followDirectorySymlinks: true } }],
    ['fs/remove', { path }],
    ['fs/remove', { path, recursive: false }],
    ['fs/remove', { path, recursive: false, followSymlinks: false }],
    ['fs/copy', { sourcePath: path, destinationPath: inside, recursive: true }],
    ['fs/copy', { sourcePath: inside, destinationPath: path, recursive: true }],
    ['fs/watch', { watchId: 'w', path }],
  ]
}

it('refuses every path that is named outside in one way, whether something is there or not', async () => {
  await using stage = await openStage()
  const before = harvest(stage.at('outside'))
  const names = [
    'outside',
    'outside/file',
    'outside/missing',
    'outside/missing/below',
    'rooted/file',
    'root/../outside',
  ]
  for (const name of [...names, '']) {
    for (const [method, params] of requestsFor(stage.uri(name), stage.uri('root/directory'))) {
      const { error } = await stage.peer.request(method, params)
      expect(error, `${method} ${JSON.stringify(params)}`).toEqual(refusal)
    }
  }
  const watched = { watchId: 1, missing: [stage.uri('outside/missing')], present: null }
  expect(await stage.peer.request('fs/watchMissing', watched)).toMatchObject({ result: { watching: false } })
  expect(harvest(stage.at('outside'))).toEqual(before)
})

it('refuses what a link leads out to, beneath the link too, whether something is there or not', async () => {
  await using stage = await openStage()
  const before = harvest(stage.at('outside'))
  for (const name of ['root/out/file', 'root/out/missing', 'root/out/directory/deep']) {
    for (const [method, params] of requestsFor(stage.uri(name), stage.uri('root/directory'))) {
      if ('followSymlinks' in params) continue
      const { error } = await stage.peer.request(method, params)
      expect(error, `${method} ${JSON.stringify(params)}`).toEqual(refusal)
    }
  }
  for (const name of ['root/outFile', 'root/outNew', 'root/around']) {
    const path = stage.uri(name)
    const reaching: [string, object][] = [
      ['fs/readFile', { path }],
      ['fs/open', { handleId: 'r', path }],
      ['fs/open', { handleId: 'w', path, mode: 'replace' }],
      ['fs/writeFile', { path, dataBase64: '' }],
      ['fs/writeFile', { path, dataBase64: '', atomic: true }],
      ['fs/getMetadata', { path }],
      ['fs/canonicalize', { path }],
      ['fs/copy', { sourcePath: stage.uri('root/file'), destinationPath: path, recursive: false }],
    ]
    for (const [method, params] of reaching) {
      const { error } = await stage.peer.request(method, params)
      expect(error, `${method} ${name}`).toEqual(refusal)
    }
  }
  expect(harvest(stage.at('outside'))).toEqual(before)
})

it('follows links that stay inside, and leaves out of lists what leads outside', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  expect(await peer.call('fs/readFile', { path: uri('root/in') })).toEqual({
    dataBase64: Buffer.from('text').toString('base64'),
  })
  expect(await peer.call('fs/canonicalize', { path: uri('root/absolute/below') })).toEqual({
    path: uri('root/directory/below'),
  })
  expect(await peer.call('fs/getMetadata', { path: uri('root/absolute') })).toMatchObject({
    isSymlink: true,
    isDirectory: true,
  })
  const { entries } = await peer.call('fs/readDirectory', { path: uri('root') })
  expect(entries.map(({ fileName }) => fileName).toSorted()).toEqual(['absolute', 'directory', 'file', 'in'])
  for (const followDirectorySymlinks of [true, false]) {
    const walked = await peer.call('fs/walk', { path: uri('root'), options: { ...options, followDirectorySymlinks } })
    expect(walked.entries.filter(({ path }) => path.includes('/out'))).toEqual([])
  }
})

it('copies a tree into no link of the destination that leads out, and removes no root', async () => {
  await using stage = await openStage()
  const { peer, uri } = stage
  plant(stage.at('root/from'), { out: { file: 'changed' }, outFile: 'changed' })
  const before = harvest(stage.at('outside'))
  const copied = await peer.request('fs/copy', {
    sourcePath: uri('root/from'),
    destinationPath: uri('root'),
    recursive: true,
  })
  expect(copied.error?.code).toBe(-32600)
  expect(harvest(stage.at('outside'))).toEqual(before)
  const removed = await peer.request('fs/remove', { path: uri('root') })
  expect(removed.error).toMatchObject({
    code: -32600,
    message: 'a directory that file-roots or read-only-file-roots names cannot be removed',
  })
  expect(readFileSync(stage.at('root/file'), 'utf8')).toBe('text')
  await peer.call('fs/remove', { path: uri('root/out') })
  expect(existsSync(stage.at('root/out'))).toBe(false)
  expect(harvest(stage.at('outside'))).toEqual(before)
})

it('never gets out while a directory is swapped for a link that leads out', async () => {
  await using stage = await openStage()
  const { peer, uri, at } = stage
  const before = harvest(at('outside'))
  const victim = at('root/directory')
  for (let round = 0; round < 40; round++) {
    const requests = [
      peer.request('fs/readFile', { path: uri('root/directory/file') }),
      peer.request('fs/readFile', { path: uri('root/absolute/file') }),
      peer.request('fs/writeFile', { path: uri('root/directory/file'), dataBase64: '' }),
      peer.request('fs/writeFile', { path: uri('root/directory/written'), dataBase64: '', atomic: round % 2 === 0 }),
      peer.request('fs/createDirectory', { path: uri('root/directory/made') }),
      peer.request('fs/copy', {
        sourcePath: uri('root/file'),
        destinationPath: uri('root/directory/file'),
        recursive: true,
      }),
      peer.request('fs/copy', {
        sourcePath: uri('root/directory'),
        destinationPath: uri(`root/copy${round}`),
        recursive: true,
      }),
      peer.request('fs/remove', { path: uri('root/directory/directory') }),
      peer.request('fs/walk', {
        path: uri('root/directory'),
        options: { ...options, followDirectorySymlinks: round % 2 === 0 },
      }),
    ]
    for (let swap = 0; swap < 12; swap++) {
      renameSync(victim, at(`root/moved`))
      symlinkSync('../outside', victim)
      await setImmediate()
      rmSync(victim, { recursive: true, force: true })
      if (lstatSync(at('root/moved'), { throwIfNoEntry: false })) renameSync(at('root/moved'), victim)
      await setImmediate()
    }
    for (const { result } of await Promise.all(requests)) {
      expect(result).not.toMatchObject({ dataBase64: secret })
      expect(JSON.stringify(result ?? null)).not.toMatch(/outside|directory\/directory/)
    }
    const copy = at(`root/copy${round}`)
    if (existsSync(copy)) expect(JSON.stringify(harvest(copy))).not.toContain('secret')
  }
  expect(harvest(at('outside'))).toEqual(before)
})

it('discovers no capability roots, which would be read by any link', async () => {
  await using stage = await openStage()
  const { error } = await stage.peer.request('capabilityRoots/discoverV1', { roots: [] })
  expect(error).toEqual({
    code: -32600,
    message: 'capability roots are not discovered where file-roots or read-only-file-roots is set',
  })
})

describe('read-only roots', () => {
  const readOnly = {
    code: -32603,
    message: 'Read-only file system (os error 30)',
    data: { errno: 'EROFS', option: 'readOnlyFileRoots' },
  }

  /** `top` may be read, `top/root` be changed, but `top/root/directory` only be read. */
  async function openNested() {
    const stage = new AsyncDisposableStack()
    const scratch = stage.use(new ScratchFolder())
    const at = (name: string) => join(scratch.path, 'top', name)
    plant(join(scratch.path, 'top'), {
      root: { file: 'text', directory: { below: 'text', deep: { file: 'text' } } },
      file: 'outer',
    })
    symlinkSync('directory/below', at('root/link'))
    symlinkSync('directory/new', at('root/dangling'))
    symlinkSync('../file', at('root/up'))
    symlinkSync('../../file', at('root/directory/up'))
    const gateway = stage.use(
      await startGateway({ limits: { fileRoots: [at('root')], readOnlyFileRoots: [at(''), at('root/directory')] } }),
    )
    const uri = (name: string) => `${scratch.uri}/top/${name}`
    return { at, uri, gateway, peer: await gateway.connect(), [Symbol.asyncDispose]: () => stage.disposeAsync() }
  }

  /** Every request that changes something at a path. */
  const changesAt = (path: string, source: string, folder: string): [string, object][] => [
    ['fs/writeFile', { path, dataBase64: '' }],
    ['fs/writeFile', { path, dataBase64: '', atomic: true }],
    ['fs/writeFile', { path, dataBase64: '', followSymlinks: false }],
    ['fs/open', { handleId: 'w', path, mode: 'replace' }],
    ['fs/createDirectory', { path: `${path}-new` }],
    ['fs/createDirectory', { path: `${path}-new`, recursive: false }],
    ['fs/createDirectory', { path: `${path}-new`, followSymlinks: false }],
    ['fs/remove', { path }],
    ['fs/remove', { path, recursive: false, followSymlinks: false }],
    ['fs/copy', { sourcePath: source, destinationPath: path, recursive: true }],
    ['fs/copy', { sourcePath: folder, destinationPath: `${path}-new`, recursive: true }],
  ]

  it('are read, and not changed in any way; the innermost root decides', async () => {
    await using stage = await openNested()
    const { peer, uri, at } = stage
    const before = harvest(at(''))
    for (const name of ['file', 'root/directory/below', 'root/directory/missing', 'root/directory/up']) {
      for (const [method, params] of changesAt(
        uri(name),
        uri('root/directory/deep/file'),
        uri('root/directory/deep'),
      )) {
        const { error } = await peer.request(method, params)
        expect(error, `${method} ${JSON.stringify(params)}`).toEqual(readOnly)
      }
    }
    expect(harvest(at(''))).toEqual(before)
    const { fileRefusals } = stage.gateway.gateway.telemetry.instruments
    expect(fileRefusals.value({ option: 'readOnlyFileRoots' })).toBe(44)
    expect(fileRefusals.value({ option: 'fileRoots' })).toBe(0)
    for (const name of ['file', 'root/directory/below', 'root/up']) {
      expect(await peer.request('fs/readFile', { path: uri(name) })).toMatchObject({ result: {} })
    }
    expect(await peer.call('fs/writeFile', { path: uri('root/file'), dataBase64: '' })).toEqual({})
    expect(await peer.call('fs/createDirectory', { path: uri('root/directory') })).toEqual({})
  })

  it('are not removed with a directory around them, by whatever way that is named', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'root'), { around: { kept: { file: 'text' } } })
    symlinkSync('.', join(scratch.path, 'root/way'))
    const kept = join(scratch.path, 'root/around/kept')
    await using gateway = await startGateway({
      limits: { fileRoots: [join(scratch.path, 'root')], readOnlyFileRoots: [kept] },
    })
    const peer = await gateway.connect()
    for (const name of ['around', 'way/around', 'way/way/around']) {
      const { error } = await peer.request('fs/remove', { path: `${scratch.uri}/root/${name}` })
      expect(error?.code, name).toBe(-32600)
    }
    expect(readFileSync(join(kept, 'file'), 'utf8')).toBe('text')
  })

  it('are not changed through links that lead into them', async () => {
    await using stage = await openNested()
    const { peer, uri, at } = stage
    const before = harvest(at(''))
    for (const name of ['root/link', 'root/dangling', 'root/up']) {
      const path = uri(name)
      const changing: [string, object][] = [
        ['fs/writeFile', { path, dataBase64: '' }],
        ['fs/writeFile', { path, dataBase64: '', atomic: true }],
        ['fs/open', { handleId: 'w', path, mode: 'replace' }],
        ['fs/copy', { sourcePath: uri('file'), destinationPath: path, recursive: false }],
      ]
      for (const [method, params] of changing) {
        const { error } = await peer.request(method, params)
        expect(error, `${method} ${name}`).toEqual(readOnly)
      }
    }
    expect(harvest(at(''))).toEqual(before)
    await peer.call('fs/remove', { path: uri('root/link') })
    expect(readFileSync(at('root/directory/below'), 'utf8')).toBe('text')
  })

  it('are not changed by what is done to what is around them', async () => {
    await using stage = await openNested()
    const { peer, uri, at } = stage
    plant(at('root/from'), { directory: { below: 'changed' } })
    const copied = await peer.request('fs/copy', {
      sourcePath: uri('root/from'),
      destinationPath: uri('root'),
      recursive: true,
    })
    expect(copied.error).toEqual(readOnly)
    expect(await peer.request('fs/remove', { path: uri('root') })).toMatchObject({ error: { code: -32600 } })
    expect(readFileSync(at('root/directory/below'), 'utf8')).toBe('text')
  })

  it('are not changed while a directory is swapped for a link that leads into them', async () => {
    await using stage = await openNested()
    const { peer, uri, at } = stage
    plant(at('root/victim'), { below: 'own' })
    const before = harvest(at('root/directory'))
    for (let round = 0; round < 30; round++) {
      const path = uri('root/victim/below')
      const requests = [
        peer.request('fs/writeFile', { path, dataBase64: '' }),
        peer.request('fs/writeFile', { path, dataBase64: '', atomic: true }),
        peer.request('fs/open', { handleId: `w${round}`, path, mode: 'replace' }),
        peer.request('fs/copy', { sourcePath: uri('file'), destinationPath: path, recursive: false }),
        peer.request('fs/remove', { path: uri('root/victim/deep') }),
        peer.request('fs/createDirectory', { path: uri('root/victim/made') }),
      ]
      for (let swap = 0; swap < 8; swap++) {
        renameSync(at('root/victim'), at('root/moved'))
        symlinkSync('directory', at('root/victim'))
        await setImmediate()
        rmSync(at('root/victim'), { recursive: true })
        renameSync(at('root/moved'), at('root/victim'))
        await setImmediate()
      }
      await Promise.all(requests)
      await peer.call('fs/close', { handleId: `w${round}` })
    }
    expect(harvest(at('root/directory'))).toEqual(before)
  })

  it('may be everything', async () => {
    using scratch = new ScratchFolder()
    plant(join(scratch.path, 'folder'), {})
    scratch.write('file', 'text')
    await using gateway = await startGateway({ limits: { fileRoots: [], readOnlyFileRoots: ['/'] } })
    const peer = await gateway.connect()
    expect(await peer.call('fs/getMetadata', { path: 'file:///' })).toMatchObject({ isDirectory: true })
    expect(await peer.call('fs/canonicalize', { path: 'file:///proc/../' })).toEqual({ path: 'file:///' })
    expect((await peer.call('fs/readDirectory', { path: 'file:///' })).entries.length).toBeGreaterThan(3)
    expect(await peer.call('fs/readFile', { path: `${scratch.uri}/file` })).toMatchObject({ dataBase64: 'dGV4dA==' })
    for (const [method, params] of changesAt(`${scratch.uri}/file`, `${scratch.uri}/file`, `${scratch.uri}/folder`)) {
      expect((await peer.request(method, params)).error, method).toEqual(readOnly)
    }
    expect(await peer.request('fs/remove', { path: 'file:///' })).toHaveProperty('error')
  })
})
