import { writeAtomically } from '../../filesystem/atomic-write.ts'
import { copyEntry } from '../../filesystem/copying.ts'
import { bytesOf, listDirectory } from '../../filesystem/directory-listing.ts'
import { canonicalPathOf, metadataOf } from '../../filesystem/metadata.ts'
import { createDirectory } from '../../filesystem/new-directory.ts'
import type { WatchedPaths } from '../../filesystem/missing-watch.ts'
import { writeFile } from '../../filesystem/regular-file.ts'
import { removeEntry } from '../../filesystem/removal.ts'
import type { Territory } from '../../filesystem/territory.ts'
import { refuseBounds, walkTree } from '../../filesystem/walk.ts'
import { readFile } from '../../filesystem/whole-file.ts'
import { freeMemory } from '../../lifecycle/free-memory.ts'
import { BytesResult } from '../../protocol/bytes-result.ts'
import { decodeBase64 } from '../../protocol/base64.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { type HostOs, PathUri } from '../../protocol/path-uri.ts'
import { refuseConfinedFiles } from './confined-files.ts'
import type { FileStreamHandlers } from './file-stream-handlers.ts'
import type { Handlers } from './handlers.ts'
import { nativePath } from './native-paths.ts'

type FilesystemHandlers = Omit<Pick<Handlers, Extract<keyof Handlers, `fs/${string}`>>, keyof FileStreamHandlers>

export function filesystemHandlers(os: HostOs): FilesystemHandlers {
  const native = (uri: PathUri) => nativePath(uri, os)
  return {
    'fs/readFile'({ path: uri, followSymlinks, sandbox }, { caller: { files }, afterReply }) {
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'read', os)
      const result = (bytes: Buffer) => {
        files.setup.metrics.read(bytes.length)
        afterReply(() => {
          files.setup.contents.giveBack(bytes)
        })
        return new BytesResult<{ dataBase64: string }>('dataBase64', bytes, {})
      }
      return files.perform({ operation: 'readFile', paths: [path], isBulky: true }, () => {
        const contents = readFile(files.setup, path, followSymlinks ?? true)
        return contents instanceof Promise ? contents.then(result) : result(contents)
      })
    },

    'fs/writeFile'({ path: uri, dataBase64, atomic, followSymlinks, sandbox }, { caller: { files } }) {
      const bytes = decodedContents(dataBase64)
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'write', os)
      return files.perform({ operation: 'writeFile', paths: [path], changes: true, bytes: bytes.length }, async () => {
        if (atomic === true) {
          const approach = { followSymlinks: followSymlinks ?? true, end: 'target', changes: true } as const
          await using place = await files.setup.territory.place(path, approach)
          await writeAtomically(place, bytes)
        } else await writeFile(files.setup, path, bytes, followSymlinks ?? true)
        files.setup.metrics.written(bytes.length)
        freeMemory(bytes)
        return {}
      })
    },

    'fs/createDirectory'({ path: uri, recursive, followSymlinks, sandbox }, { caller: { files } }) {
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'write', os)
      return files.perform({ operation: 'createDirectory', paths: [path], changes: true }, async () => {
        await createDirectory(files.setup, path, {
          recursive: recursive ?? true,
          followSymlinks: followSymlinks ?? true,
        })
        return {}
      })
    },

    'fs/getMetadata'({ path: uri, followSymlinks, sandbox }, { caller: { files } }) {
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'read', os)
      return files.perform({ operation: 'getMetadata', paths: [path] }, () =>
        metadataOf(files.setup, path, followSymlinks ?? true),
      )
    },

    'fs/canonicalize'({ path: uri, sandbox }, { caller: { files } }) {
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'read', os)
      const result = (real: Buffer) => ({ path: PathUri.fromNative(real).canonical })
      return files.perform({ operation: 'canonicalize', paths: [path] }, () => {
        const real = canonicalPathOf(files.setup, path)
        return real instanceof Promise ? real.then(result) : result(real)
      })
    },

    'fs/readDirectory'({ path: uri, sandbox }, { caller: { files } }) {
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'read', os)
      return files.perform({ operation: 'readDirectory', paths: [path], isBulky: true }, async () => {
        const entries = await listDirectory(files.setup, path)
        return {
          entries: entries.map(({ name, isDirectory, isFile }) => ({
            fileName: bytesOf(name).toString(),
            isDirectory,
            isFile,
          })),
        }
      })
    },

    'fs/walk'({ path: uri, options, sandbox }, { caller: { files } }) {
      refuseBounds(options)
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'read', os)
      return files.perform({ operation: 'walk', paths: [path], isBulky: true }, () =>
        walkTree(files.setup, { path, uri }, options, files.signal),
      )
    },

    'fs/remove'({ path: uri, recursive, force, followSymlinks, sandbox }, { caller: { files } }) {
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'write', os)
      return files.perform({ operation: 'remove', paths: [path], changes: true }, async () => {
        await removeEntry(files.setup, path, {
          recursive: recursive ?? true,
          force: force ?? true,
          followSymlinks: followSymlinks ?? true,
          signal: files.patience,
        })
        return {}
      })
    },

    'fs/copy'({ sourcePath, destinationPath, recursive, sandbox }, { caller: { files } }) {
      const [source, destination] = [native(sourcePath), native(destinationPath)]
      refuseConfinedFiles(sandbox, 'read', os)
      refuseConfinedFiles(sandbox, 'write', os)
      return files.perform({ operation: 'copy', paths: [source, destination], changes: true }, async () => {
        const within = { territory: files.setup.territory, signal: files.patience }
        await copyEntry(within, { source, destination, recursive })
        return {}
      })
    },

    'fs/watch'({ watchId, path: uri, sandbox }, { caller: { files } }) {
      const path = native(uri)
      refuseConfinedFiles(sandbox, 'read', os)
      return files.perform({ operation: 'watch', paths: [] }, async () => {
        await files.trees.watch(watchId, { path, uri })
        return {}
      })
    },

    'fs/unwatch'({ watchId }, { caller: { files } }) {
      return files.perform({ operation: 'unwatch', paths: [] }, async () => {
        files.trees.unwatch(watchId)
        return {}
      })
    },

    'fs/watchMissing'({ watchId, missing, present }, { caller: { files } }) {
      const paths = watchedPaths(missing, present ?? undefined, os)
      return files.perform({ operation: 'watchMissing', paths: [] }, async () => {
        return { watching: await files.watches.watch(watchId, reached(paths, files.setup.territory)) }
      })
    },
  }
}

function decodedContents(dataBase64: string | Buffer): Buffer {
  const decoded = decodeBase64(dataBase64)
  if (typeof decoded !== 'string') return decoded
  throw new GatewayError('invalidRequest', `fs/writeFile requires valid base64 dataBase64: ${decoded}`, {
    data: { field: 'dataBase64' },
  })
}

/** Nothing outside is looked at; like what cannot be watched, it is not. */
function reached(paths: WatchedPaths | undefined, territory: Territory): WatchedPaths | undefined {
  if (paths === undefined) return undefined
  const all = [...paths.missing, ...(paths.present ? [paths.present] : [])]
  return all.every(path => territory.reaches(path)) ? paths : undefined
}

/** Paths that cannot exist here are no error: they are just not watched. */
function watchedPaths(missing: readonly PathUri[], present: PathUri | undefined, os: HostOs): WatchedPaths | undefined {
  const natives = [...missing, ...(present ? [present] : [])].map(uri => uri.toNative(os))
  const paths = natives.filter(path => Buffer.isBuffer(path)).filter(path => !path.includes(0))
  if (paths.length < natives.length || missing.length === 0) return undefined
  return { missing: paths.slice(0, missing.length), present: paths[missing.length] }
}
