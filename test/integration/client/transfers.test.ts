import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExecClient, type TransferOptions, type TransferProgress } from '../../../src/client/execgate-client.ts'
import { asOrdinaryUser } from '../../support/ordinary-user.ts'
import { makeFifo } from '../../support/fifo.ts'
import { CuttingProxy } from '../../support/cutting-proxy.ts'
import { eventually } from '../../support/eventually.ts'
import { failureOf } from '../../support/failure-of.ts'
import { ScratchFolder } from '../../support/scratch-folder.ts'
import { startGateway } from '../../support/start-gateway.ts'

const mebibyte = 1024 * 1024
const hashOf = (path: string | Buffer) => createHash('sha256').update(readFileSync(path)).digest('hex')

async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const folder = acquired.use(new ScratchFolder())
  const { gateway, url } = acquired.use(await startGateway())
  const proxy = acquired.use(await CuttingProxy.open(url))
  const at = (name: string) => join(folder.path, name)
  for (const name of ['here', 'there']) mkdirSync(at(name))
  const owned = acquired.move()
  return {
    proxy,
    at,
    journal: at('state/journal'),
    connect: () => ExecClient.connect(proxy.url, { retryMs: 10 }),
    /** A file with other contents each time. */
    plant(name: string, size: number) {
      writeFileSync(at(name), randomBytes(size))
      return at(name)
    },
    allClosed: () => eventually(() => gateway.ledger.active('file_handle') === 0, 'no file was open'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
type Stage = Awaited<ReturnType<typeof openStage>>

/** Copies `here/file` to `there/file`, in the direction that makes one of the two folders the server's. */
const directions = [
  [
    'upload',
    (client: ExecClient, stage: Stage, options: TransferOptions) =>
      client.files.uploadFile(stage.at('here/file'), stage.at('there/file'), options),
  ],
  [
    'download',
    (client: ExecClient, stage: Stage, options: TransferOptions) =>
      client.files.downloadFile(stage.at('here/file'), stage.at('there/file'), options),
  ],
] as const

/** Does something once when so many bytes are in place. */
function onceAt(bytes: number, act: () => void): (progress: TransferProgress) => void {
  let isDone = false
  return progress => {
    if (isDone || progress.bytes < bytes) return
    isDone = true
    act()
  }
}

describe('a directory', () => {
  it.each(['up', 'down'])('goes %s with every name, and what is left out is counted', async direction => {
    await using stage = await openStage()
    await using client = await stage.connect()
    const { at, plant } = stage
    mkdirSync(at('here/inner/empty'), { recursive: true })
    const sizes = { 'here/none': 0, 'here/inner/ä b%20': 3, 'here/large': 9 * mebibyte + 1 }
    for (const [name, size] of Object.entries(sizes)) plant(name, size)
    writeFileSync(Buffer.concat([Buffer.from(at('here/')), Buffer.from([0x66, 0xff])]), 'bytes')
    symlinkSync('none', at('here/link'))
    symlinkSync('../inner', at('here/inner/folder'))
    const told: TransferProgress[] = []
    const options = { progress: (progress: TransferProgress) => void told.push(progress) }
    const result =
      direction === 'up'
        ? await client.files.uploadDirectory(at('here'), at('there/copy'), options)
        : await client.files.downloadDirectory(at('here'), at('there/copy'), options)
    const bytes = 9 * mebibyte + 1 + 3 + 5
    expect(result).toEqual({ files: 4, bytes, keptBytes: 0, leftOut: 2 })
    expect(told.at(-1)).toEqual({ files: 4, totalFiles: 4, bytes, totalBytes: bytes })
    const names = readdirSync(at('there/copy'), { recursive: true, encoding: 'latin1' })
    expect(names.toSorted()).toEqual(['f\xff', 'inner', 'inner/empty', 'inner/Ã¤ b%20', 'large', 'none'].toSorted())
    for (const name of ['none', 'inner/ä b%20', 'large']) {
      expect(hashOf(at(`there/copy/${name}`))).toBe(hashOf(at(`here/${name}`)))
    }
    await stage.allClosed()
  })

  it.each(['up', 'down'])('goes on %s where an earlier run was cut, and copies again what differs', async direction => {
    await using stage = await openStage()
    const { at, plant, journal } = stage
    for (let index = 0; index < 8; index++) plant(`here/${index}`, 100_000)
    plant('here/large', 8 * mebibyte)
    const copy = async (options: TransferOptions) => {
      await using client = await stage.connect()
      const all = { journal, concurrency: 1, ...options }
      return direction === 'up'
        ? await client.files.uploadDirectory(at('here'), at('there'), all)
        : await client.files.downloadDirectory(at('here'), at('there'), all)
    }
    const abort = new AbortController()
    const progress = ({ files, bytes }: TransferProgress) => {
      if (files >= 8 && bytes > 800_000 + 3 * mebibyte) abort.abort(new Error('enough'))
    }
    expect(await failureOf(copy({ signal: abort.signal, progress }))).toBe(abort.signal.reason)
    plant('here/1', 100_000)
    writeFileSync(at('there/2'), randomBytes(100_000))
    const { files, keptBytes } = await copy({})
    expect(files).toBe(9)
    expect(keptBytes).toBeGreaterThan(600_000 + 2 * mebibyte)
    expect(keptBytes).toBeLessThan(600_000 + 8 * mebibyte)
    const names = readdirSync(at('here'))
    expect(readdirSync(at('there'))).toEqual(names)
    for (const name of names) expect(hashOf(at(`there/${name}`))).toBe(hashOf(at(`here/${name}`)))
    expect(existsSync(journal)).toBe(false)
    expect((await copy({})).keptBytes).toBe(0)
  })
})

it.each([64, 65])('downloads a tree of 64 levels and refuses a deeper one: %i', async levels => {
  await using stage = await openStage()
  await using client = await stage.connect()
  const folder = 'here/' + 'd/'.repeat(levels)
  mkdirSync(stage.at(folder), { recursive: true })
  stage.plant(`${folder}file`, 1)
  const download = client.files.downloadDirectory(stage.at('here'), stage.at('there'))
  if (levels === 64) expect(await download).toMatchObject({ files: 1, leftOut: 0 })
  else await expect(download).rejects.toMatchObject({ kind: 'limitReached' })
})

it('leaves a file as it is that is downloaded to itself', async () => {
  await using stage = await openStage()
  await using client = await stage.connect()
  for (const size of [1, 4 * mebibyte, 4 * mebibyte + 1]) {
    const file = stage.plant('here/file', size)
    const before = hashOf(file)
    await client.files.downloadFile(file, file)
    expect(hashOf(file)).toBe(before)
  }
})

it('leaves what was there when a small file cannot be read to its end', async () => {
  await using stage = await openStage()
  await using client = await stage.connect()
  stage.plant('here/file', 3 * mebibyte)
  writeFileSync(stage.at('there/file'), 'before')
  const { link } = stage.proxy
  void link.over.then(() => damage(stage.at('here/file'), 0))
  link.cutAfter('down', 2 * mebibyte)
  await expect(client.files.downloadFile(stage.at('here/file'), stage.at('there/file'))).rejects.toThrow(/has changed/)
  expect(readFileSync(stage.at('there/file'), 'utf8')).toBe('before')
})

describe.each(directions)('%s of a file', (name, copy) => {
  it.each([0, 1, 4 * mebibyte, 4 * mebibyte + 1, 9 * mebibyte])('has %i bytes', async size => {
    await using stage = await openStage()
    await using client = await stage.connect()
    stage.plant('here/file', size)
    expect(await copy(client, stage, {})).toEqual({ files: 1, bytes: size, keptBytes: 0, leftOut: 0 })
    expect(hashOf(stage.at('there/file'))).toBe(hashOf(stage.at('here/file')))
    expect(readdirSync(stage.at('there'))).toEqual(['file'])
    await stage.allClosed()
  })

  it('survives connections that break, wherever they do', async () => {
    await using stage = await openStage()
    await using client = await stage.connect()
    stage.plant('here/file', 6 * mebibyte)
    let cuts = 0
    const way = name === 'upload' ? 'up' : 'down'
    for (const kilobytes of [0.25, 0.5, 1, 1.5, 700, 2000, 4500, 7000, 8000, 8192]) {
      writeFileSync(stage.at('there/file'), 'what was there before')
      const { link } = stage.proxy
      void link.over.then(() => (cuts += 1))
      link.cutAfter(way, kilobytes * 1024)
      await copy(client, stage, {})
      expect(hashOf(stage.at('there/file'))).toBe(hashOf(stage.at('here/file')))
    }
    expect(cuts).toBeGreaterThan(8)
    await eventually(() => readdirSync(stage.at('there')).length === 1, 'nothing lies beside the file')
    await stage.allClosed()
  })

  it('sends nothing twice but the block that was under way', async () => {
    await using stage = await openStage()
    await using client = await stage.connect()
    stage.plant('here/file', 12 * mebibyte)
    const way = name === 'upload' ? 'up' : 'down'
    const [first, begun] = [stage.proxy.link, stage.proxy.link.passedBytes(way)]
    first.cutAfter(way, 9 * mebibyte)
    await copy(client, stage, {})
    const bytes = first.passedBytes(way) - begun + stage.proxy.link.passedBytes(way)
    expect(bytes).toBeGreaterThan(16 * mebibyte)
    // Base64 takes four characters for three bytes.
    expect(bytes).toBeLessThan(18 * mebibyte)
    expect(hashOf(stage.at('there/file'))).toBe(hashOf(stage.at('here/file')))
  })

  it('goes on where an earlier run was cut', async () => {
    await using stage = await openStage()
    const { at, journal } = stage
    stage.plant('here/file', 12 * mebibyte)
    const abort = new AbortController()
    const progress = onceAt(5 * mebibyte, () => abort.abort(new Error('enough')))
    {
      await using client = await stage.connect()
      expect(await failureOf(copy(client, stage, { journal, progress, signal: abort.signal }))).toBe(
        abort.signal.reason,
      )
    }
    await using client = await stage.connect()
    const { bytes, keptBytes } = await copy(client, stage, { journal })
    expect([bytes, keptBytes >= 4 * mebibyte]).toEqual([12 * mebibyte, true])
    expect(hashOf(at('there/file'))).toBe(hashOf(at('here/file')))
    expect(readdirSync(at('there'))).toEqual(['file'])
    expect(existsSync(journal)).toBe(false)
  })

  it('is whole after the next run, wherever the first was cut', async () => {
    await using stage = await openStage()
    const { at, journal } = stage
    const way = name === 'upload' ? 'up' : 'down'
    stage.plant('here/file', 6 * mebibyte)
    let cuts = 0
    for (const bytes of [300, 450, 600, 700, 800, 900, 1000, 1200, 8_388_608, 8_390_000]) {
      // An earlier version that ends as the new one goes on: nobody may take it for a part.
      writeFileSync(at('there/file'), readFileSync(at('here/file')).subarray(0, 5 * mebibyte))
      damage(at('there/file'), 0)
      {
        await using client = await stage.connect()
        const abort = new AbortController()
        const { link } = stage.proxy
        void link.over.then(() => abort.abort(new Error('cut')))
        link.cutAfter(way, bytes)
        cuts += await copy(client, stage, { journal, signal: abort.signal }).then(
          () => 0,
          () => 1,
        )
      }
      await stage.allClosed()
      await using client = await stage.connect()
      await copy(client, stage, { journal })
      expect(hashOf(at('there/file'))).toBe(hashOf(at('here/file')))
      expect(readdirSync(at('there'))).toEqual(['file'])
    }
    expect(cuts).toBeGreaterThan(6)
  }, 60_000)

  it('goes on after the session was lost', async () => {
    await using stage = await openStage()
    const { at, journal } = stage
    stage.plant('here/file', 12 * mebibyte)
    {
      await using client = await ExecClient.connect(stage.proxy.url, { retryMs: 10, recoveryMs: 50 })
      const progress = onceAt(5 * mebibyte, () => void stage.proxy.goDown())
      await expect(copy(client, stage, { journal, progress })).rejects.toMatchObject({ kind: 'sessionLost' })
    }
    stage.proxy.comeUp()
    await using client = await stage.connect()
    expect((await copy(client, stage, { journal })).keptBytes).toBeGreaterThanOrEqual(4 * mebibyte)
    expect(hashOf(at('there/file'))).toBe(hashOf(at('here/file')))
    expect(readdirSync(at('there'))).toEqual(['file'])
  })

  it.each([
    ['the source has changed', (stage: Stage) => stage.plant('here/file', 12 * mebibyte)],
    ['the source has changed where nobody looks', (stage: Stage) => damage(stage.at('here/file'), 0)],
    ['the source is shorter', (stage: Stage) => stage.plant('here/file', 5 * mebibyte)],
    ['the part has changed', (stage: Stage) => damage(stage.at(partOf(stage)), -1)],
    ['the part is longer', (stage: Stage) => truncateSync(stage.at(partOf(stage)), 13 * mebibyte)],
  ])('begins anew when %s', async (_reason, change) => {
    await using stage = await openStage()
    const { at, journal } = stage
    stage.plant('here/file', 12 * mebibyte)
    await using client = await stage.connect()
    const abort = new AbortController()
    const progress = onceAt(5 * mebibyte, () => abort.abort(new Error('enough')))
    await failureOf(copy(client, stage, { journal, progress, signal: abort.signal }))
    await stage.allClosed()
    change(stage)
    expect((await copy(client, stage, { journal })).keptBytes).toBe(0)
    expect(hashOf(at('there/file'))).toBe(hashOf(at('here/file')))
    expect(readdirSync(at('there'))).toEqual(['file'])
  })

  it('does not put the parts of two versions together when the connection breaks', async () => {
    await using stage = await openStage()
    await using client = await stage.connect()
    stage.plant('here/file', 12 * mebibyte)
    writeFileSync(stage.at('there/file'), 'before')
    const progress = onceAt(5 * mebibyte, () => {
      damage(stage.at('here/file'), 0)
      void stage.proxy.cut()
    })
    await expect(copy(client, stage, { progress })).rejects.toThrow(/has changed/)
    expect(readFileSync(stage.at('there/file')).subarray(0, 6).toString()).toBe('before')
    await eventually(() => readdirSync(stage.at('there')).length === 1, 'nothing lies beside the file')
    await stage.allClosed()
  })

  it('leaves what was there before, and nothing beside it, when it is given up', async () => {
    await using stage = await openStage()
    await using client = await stage.connect()
    stage.plant('here/file', 12 * mebibyte)
    writeFileSync(stage.at('there/file'), 'before')
    const abort = new AbortController()
    const progress = onceAt(5 * mebibyte, () => abort.abort(new Error('enough')))
    expect(await failureOf(copy(client, stage, { progress, signal: abort.signal }))).toBe(abort.signal.reason)
    expect(readFileSync(stage.at('there/file'), 'utf8')).toBe('before')
    await eventually(() => readdirSync(stage.at('there')).length === 1, 'nothing lies beside the file')
    await stage.allClosed()
  })

  it('keeps permissions of what was there, and goes where links lead', async () => {
    await using stage = await openStage()
    await using client = await stage.connect()
    stage.plant('here/file', 5 * mebibyte)
    mkdirSync(stage.at('far'))
    writeFileSync(stage.at('far/target'), 'x'.repeat(6 * mebibyte))
    chmodSync(stage.at('far/target'), 0o751)
    symlinkSync('../far/target', stage.at('there/file'))
    await copy(client, stage, {})
    expect(hashOf(stage.at('far/target'))).toBe(hashOf(stage.at('here/file')))
    expect(statSync(stage.at('far/target')).mode & 0o777).toBe(0o751)
    expect([readdirSync(stage.at('far')), readdirSync(stage.at('there'))]).toEqual([['target'], ['file']])
  })

  it.each([1, 5 * mebibyte])('goes where a link leads to that has led to nothing, %i bytes', async size => {
    await using stage = await openStage()
    await using client = await stage.connect()
    stage.plant('here/file', size)
    symlinkSync('../target', stage.at('there/file'))
    await copy(client, stage, {})
    expect(lstatSync(stage.at('there/file')).isSymbolicLink()).toBe(true)
    expect(hashOf(stage.at('target'))).toBe(hashOf(stage.at('here/file')))
    expect(readdirSync(stage.at('there'))).toEqual(['file'])
  })

  it('says what is wrong', async () => {
    await using stage = await openStage()
    await using client = await stage.connect()
    await expect(copy(client, stage, {})).rejects.toThrow(/no such file or directory/i)
    await expect(copy(client, stage, { concurrency: 0 })).rejects.toMatchObject({ kind: 'invalidParams' })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(copy(client, stage, { signal })).rejects.toThrow('enough')
    mkdirSync(stage.at('here/file'))
    await expect(copy(client, stage, {})).rejects.toThrow()
  })
})

it('uploads nothing but files, and waits for none', async () => {
  await using stage = await openStage()
  await using client = await stage.connect()
  for (const source of [makeFifo(stage.at('fifo')), '/dev/zero', stage.at('here')]) {
    await expect(client.files.uploadFile(source, stage.at('there/file'))).rejects.toMatchObject({
      kind: 'refused',
      message: `${source} is no file`,
    })
  }
  expect(readdirSync(stage.at('there'))).toEqual([])
})

it.each([1, 5 * mebibyte])('replaces no file by a download of %i bytes that may not be written', async size => {
  await using stage = await openStage()
  await using client = await stage.connect()
  stage.plant('here/file', size)
  writeFileSync(stage.at('there/file'), 'before', { mode: 0o444 })
  chmodSync(stage.at(''), 0o755)
  chmodSync(stage.at('there'), 0o777)
  using _user = asOrdinaryUser()
  await expect(client.files.downloadFile(stage.at('here/file'), stage.at('there/file'))).rejects.toMatchObject({
    code: 'EACCES',
  })
  expect(readFileSync(stage.at('there/file'), 'utf8')).toBe('before')
  expect(readdirSync(stage.at('there'))).toEqual(['file'])
})

it('writes to a device what is downloaded to it', async () => {
  await using stage = await openStage()
  await using client = await stage.connect()
  stage.plant('here/file', 5 * mebibyte)
  symlinkSync('/dev/null', stage.at('there/file'))
  const options = { journal: stage.journal }
  const { bytes } = await client.files.downloadFile(stage.at('here/file'), stage.at('there/file'), options)
  expect(bytes).toBe(5 * mebibyte)
  expect(statSync(stage.at('there/file')).isCharacterDevice()).toBe(true)
})

function partOf(stage: Stage): string {
  const name = readdirSync(stage.at('there')).find(found => found.startsWith('.execgate-'))
  if (name === undefined) throw new Error('nothing was left of the first run')
  return `there/${name}`
}

/** Changes one byte; a negative index counts from the end. */
function damage(path: string, index: number): void {
  const contents = readFileSync(path)
  const at = index < 0 ? contents.length + index : index
  contents.writeUInt8(contents.readUInt8(at) ^ 1, at)
  writeFileSync(path, contents)
}
