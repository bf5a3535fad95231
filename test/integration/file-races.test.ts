import { existsSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { MethodName } from '../../src/protocol/method-table.ts'
import { eventually } from '../support/eventually.ts'
import { makeFifo } from '../support/fifo.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'
import { harvest, plant } from '../support/tree.ts'

it('lists nothing from outside, even while directories of a walk are swapped for links that lead out', async () => {
  await using gateway = await startGateway()
  using scratch = new ScratchFolder()
  plant(join(scratch.path, 'outside'), { secret: 'text', c: { secret: 'text' } })
  const peer = await gateway.connect()
  const options = { maxDepth: 9, maxDirectories: 1000, maxEntries: 9000, followDirectorySymlinks: false }
  for (let round = 0; round < 10; round++) {
    const tree = join(scratch.path, `tree${round}`)
    const branches = Array.from({ length: 40 }, (_, index) => [`b${index}`, { c: { d: 'text' } }] as const)
    plant(tree, Object.fromEntries(branches))
    const walk = peer.call('fs/walk', { path: `${scratch.uri}/tree${round}`, options })
    for (let swap = 39; swap >= 0; swap--) {
      renameSync(join(tree, `b${swap}`), join(scratch.path, `moved${round}-${swap}`))
      symlinkSync('../outside', join(tree, `b${swap}`))
      await setImmediate()
    }
    const { entries } = await walk
    expect(entries.filter(({ path }) => path.includes('secret'))).toEqual([])
  }
})

it('copies nothing from outside, even while directories of the source are swapped for links that lead out', async () => {
  await using gateway = await startGateway()
  using scratch = new ScratchFolder()
  plant(join(scratch.path, 'outside'), { c: { secret: 'text', d: { secret: 'text' } } })
  const peer = await gateway.connect()
  for (let round = 0; round < 10; round++) {
    const tree = join(scratch.path, `tree${round}`)
    const branches = Array.from({ length: 40 }, (_, index) => [`b${index}`, { c: { d: { e: 'text' } } }] as const)
    plant(tree, Object.fromEntries(branches))
    const copy = peer.request('fs/copy', {
      sourcePath: `${scratch.uri}/tree${round}`,
      destinationPath: `${scratch.uri}/copy${round}`,
      recursive: true,
    })
    const copied = join(scratch.path, `copy${round}`)
    const begun = () => (existsSync(copied) ? readdirSync(copied) : [])
    await eventually(() => begun().length >= 10, 'the copy is under way')
    const done = begun()
    // They are dealt with one after the other, and what is in them after all of them.
    await eventually(() => begun().length > done.length || begun().length === 40, 'it has gone on to another one')
    for (const name of done) {
      renameSync(join(tree, name), join(scratch.path, `moved${round}-${name}`))
      symlinkSync('../outside', join(tree, name))
    }
    await copy
    expect(JSON.stringify(harvest(copied))).not.toContain('secret')
  }
})

it('answers whatever a path becomes while it is read, written, opened and copied', async () => {
  await using gateway = await startGateway()
  using scratch = new ScratchFolder()
  plant(join(scratch.path, 'directory'), { file: 'text' })
  writeFileSync(join(scratch.path, 'other'), 'other')
  const victim = join(scratch.path, 'victim')
  const becomings = [
    () => writeFileSync(victim, 'text'),
    () => makeFifo(victim),
    () => symlinkSync('other', victim),
    () => symlinkSync('nowhere', victim),
    () => symlinkSync('directory', victim),
  ]
  const peer = await gateway.connect()
  const path = `${scratch.uri}/victim`
  for (let round = 0; round < 60; round++) {
    const requests = [
      peer.request('fs/readFile', { path }),
      peer.request('fs/open', { handleId: `r${round}`, path }),
      peer.request('fs/writeFile', { path, dataBase64: 'eA==', followSymlinks: round % 2 === 0 }),
      peer.request('fs/copy', { sourcePath: path, destinationPath: `${scratch.uri}/copy${round}`, recursive: true }),
      peer.request('fs/getMetadata', { path, followSymlinks: false }),
    ]
    for (const become of becomings) {
      rmSync(victim, { force: true })
      become()
      await setImmediate()
    }
    for (const { result, error } of await Promise.all(requests)) {
      if (result === undefined) expect([-32004, -32600, -32603]).toContain(error?.code)
    }
    await peer.call('fs/close', { handleId: `r${round}` })
  }
  expect(await peer.call('environment/status', null)).toEqual({ status: 'ready' })
})

it('answers every path there can be, and goes on', async () => {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const looking: MethodName[] = ['fs/getMetadata', 'fs/canonicalize', 'fs/readDirectory', 'fs/open', 'fs/watchMissing']
  const byte = fc.nat({ max: 255 }).map(code => `%${code.toString(16).padStart(2, '0')}`)
  const piece = fc.oneof(
    byte,
    fc.constantFrom('/', '//', '.', '..', '%2F', '%2e', 'a', 'C:', '^', '~', 'é', '%00/bad/path/', 'L2EAYg'),
    fc.constantFrom('n'.repeat(256), '/%FF'.repeat(2000), 'a/'.repeat(3000), '../'.repeat(3000)),
  )
  const start = fc.constantFrom('file:///', 'file:/', 'FILE:///', 'file://host/', 'file:', '/', 'http:///', '')
  const uri = fc.tuple(start, fc.array(piece, { maxLength: 12 })).map(([scheme, pieces]) => scheme + pieces.join(''))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...looking), uri, fc.boolean(), async (method, path, followSymlinks) => {
      const { result, error } = await peer.request(method, {
        path,
        followSymlinks,
        handleId: 'h',
        watchId: 1,
        missing: [path],
      })
      await peer.call('fs/close', { handleId: 'h' })
      if (result !== undefined) return
      expect([-32004, -32600, -32602, -32603]).toContain(error?.code)
      expect(error?.message).not.toMatch(/internal|undefined|\[object/)
    }),
    { numRuns: 500 },
  )
})
