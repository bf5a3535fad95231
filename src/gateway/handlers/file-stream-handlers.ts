import { openToRead, openToReplace } from '../../filesystem/regular-file.ts'
import { freeMemory } from '../../lifecycle/free-memory.ts'
import { BytesResult } from '../../protocol/bytes-result.ts'
import type { HostOs } from '../../protocol/path-uri.ts'
import { refuseConfinedStream } from './confined-files.ts'
import type { Handlers } from './handlers.ts'
import { nativePath } from './native-paths.ts'

export type FileStreamHandlers = Pick<Handlers, 'fs/open' | 'fs/readBlock' | 'fs/writeBlock' | 'fs/close'>

/** Files that are read and written in blocks. Requests for a handle take effect in the order they come, closing included. */
export function fileStreamHandlers(os: HostOs): FileStreamHandlers {
  return {
    'fs/open'({ handleId, path: uri, mode, sandbox }, { caller: { files } }) {
      const isWritten = mode === 'replace'
      return files.perform({ operation: 'open', paths: [], changes: isWritten }, async () => {
        await files.handles.open(handleId, () => {
          const path = nativePath(uri, os)
          refuseConfinedStream(sandbox, isWritten ? 'write' : 'read', os)
          const opening = files.inOrder({ paths: [path], changes: isWritten }, async () => {
            const approach = { followSymlinks: true, end: 'target', changes: isWritten } as const
            await using place = await files.setup.territory.place(path, approach)
            return isWritten ? await openToReplace(files.setup, place) : await openToRead(files.setup, place)
          })
          return { path, opening }
        })
        return { handleId }
      })
    },

    'fs/readBlock'({ handleId, offset, len }, { caller: { files }, afterReply }) {
      return files.perform({ operation: 'readBlock', paths: [] }, async () => {
        const { bytes, isEnd } = await files.handles.read(handleId, offset, len)
        files.setup.metrics.read(bytes.length)
        afterReply(() => files.setup.contents.giveBack(bytes))
        return new BytesResult('chunk', bytes, { eof: isEnd })
      })
    },

    'fs/writeBlock'({ handleId, offset, chunk }, { caller: { files } }) {
      return files.perform({ operation: 'writeBlock', paths: [], bytes: chunk.length }, async () => {
        await files.handles.write(handleId, offset, chunk)
        files.setup.metrics.written(chunk.length)
        freeMemory(chunk)
        return {}
      })
    },

    'fs/close'({ handleId }, { caller: { files } }) {
      return files.perform({ operation: 'close', paths: [] }, async () => {
        await files.handles.close(handleId)
        return {}
      })
    },
  }
}
