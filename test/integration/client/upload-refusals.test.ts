import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExecClient } from '../../../src/client/execgate-client.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'
import { ScratchFolder } from '../../support/scratch-folder.ts'

const mebibyte = 1024 * 1024

const part = expect.stringMatching(/^file:\/\/\/there\/\.execgate-.*\.part$/)

const existing = { isDirectory: false, isFile: true, isSymlink: false, size: 6, createdAtMs: 1, modifiedAtMs: 1 }

/** An upload that is large enough to be written beside its target first. */
async function openStage() {
  await using acquired = new AsyncDisposableStack()
  const folder = acquired.use(new ScratchFolder())
  const server = acquired.use(await ScriptedServer.open())
  const connecting = ExecClient.connect(server.url)
  const connection = await server.connection()
  const capabilities = { fileWriteStreaming: true }
  await connection.greets('session-1', { environmentInfo: { shell: { name: 'sh', path: '/bin/sh' }, capabilities } })
  const client = acquired.use(await connecting)
  const source = join(folder.path, 'file')
  writeFileSync(source, randomBytes(5 * mebibyte))
  const journal = join(folder.path, 'journal')
  const owned = acquired.move()
  return {
    connection,
    journal,
    upload: (options = {}) => client.files.uploadFile(source, '/there/file', options),
    async saysMissing() {
      connection.refuses(await connection.takes('fs/canonicalize'), -32004, 'No such file or directory (os error 2)')
    },
    async saysExisting() {
      connection.replies(await connection.takes('fs/canonicalize'), { path: 'file:///there/file' })
      connection.replies(await connection.takes('fs/getMetadata'), existing)
    },
    async takesRemoval() {
      const removal = await connection.takes('fs/remove')
      expect(removal.params).toMatchObject({ path: part })
      connection.replies(removal, {})
    },
    async takesAllStraight() {
      const straight = await connection.takes('fs/open')
      expect(straight.params).toMatchObject({ mode: 'replace', path: 'file:///there/file' })
      connection.replies(straight, { handleId: straight.params.handleId as string })
      for (let offset = 0; offset < 5; offset++) connection.replies(await connection.takes('fs/writeBlock'), {})
      connection.replies(await connection.takes('fs/close'), {})
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

describe('a folder where no file may be created', () => {
  it.each([
    [-32600, 'EACCES', 'Permission denied (os error 13)'],
    [-32600, 'EPERM', 'Operation not permitted (os error 1)'],
    [-32603, 'EROFS', 'Read-only file system (os error 30)'],
    [-32600, undefined, 'Permission denied (os error 13)'],
    [-32600, undefined, 'Operation not permitted (os error 1)'],
    [-32603, undefined, 'Read-only file system (os error 30)'],
  ])('gets its file written straight: %i, %s, %s', async (code, errno, message) => {
    await using stage = await openStage()
    const { connection } = stage
    const uploading = stage.upload()
    await stage.saysMissing()
    const opening = await connection.takes('fs/open')
    expect(opening.params).toMatchObject({ mode: 'replace', path: part })
    connection.refuses(opening, code, message, errno && { errno })
    await stage.takesRemoval()
    await stage.takesAllStraight()
    expect((await uploading).bytes).toBe(5 * mebibyte)
  })

  it('keeps nothing beside the file, whether or not there is a journal', async () => {
    await using stage = await openStage()
    const { connection, journal } = stage
    const uploading = stage.upload({ journal })
    await stage.saysExisting()
    connection.replies(await connection.takes('fs/copy'), {})
    connection.refuses(await connection.takes('fs/open'), -32600, 'Permission denied (os error 13)')
    expect(readFileSync(journal, 'utf8')).toContain('.part')
    await stage.takesRemoval()
    await stage.takesAllStraight()
    connection.replies(await connection.takes('fs/getMetadata'), { ...existing, size: 5 * mebibyte })
    expect((await uploading).bytes).toBe(5 * mebibyte)
  })
})

it.each([
  ['ENOSPC', 'No space left on device (os error 28)'],
  ['EDQUOT', 'Quota exceeded (os error 122)'],
  ['EIO', 'I/O error (os error 5)'],
  [undefined, 'No space left on device (os error 28)'],
  ['ENOSPC', 'Permission denied (os error 13)'],
])('leaves what was there when there is no room beside it: %s, %s', async (errno, message) => {
  await using stage = await openStage()
  const { connection } = stage
  const uploading = stage.upload()
  await stage.saysExisting()
  const copying = await connection.takes('fs/copy')
  expect(copying.params).toMatchObject({ sourcePath: 'file:///there/file', destinationPath: part })
  connection.refuses(copying, -32603, message, errno && { errno })
  await expect(uploading).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining(message) })
  await stage.takesRemoval()
  expect(connection.count('fs/open')).toBe(0)
})
