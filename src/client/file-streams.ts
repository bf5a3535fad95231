import { ReadableStream, WritableStream } from 'node:stream/web'
import { writtenBytes } from './file-blocks.ts'
import type { FileReader } from './file-reader.ts'
import type { FileWriter } from './file-writer.ts'
import { signalOf } from './sink-signal.ts'

/** Opened with the first read; one block is read ahead. The file is closed at the end, on cancelling, abort and error. */
export function fileSource(
  open: (signal: AbortSignal) => Promise<FileReader>,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const abort = new AbortController()
  let reader: FileReader | undefined
  let letGo = () => {}
  const end = (reason?: unknown) => {
    letGo()
    abort.abort(reason)
    reader?.[Symbol.dispose]()
  }
  return new ReadableStream<Uint8Array>({
    start: controller => {
      letGo = whenAborted(signal, reason => {
        end(reason)
        controller.error(reason)
      })
    },
    pull: async controller => {
      try {
        reader ??= await open(abort.signal)
        const bytes = await reader.next()
        if (bytes !== undefined) return controller.enqueue(bytes)
        end()
        controller.close()
      } catch (error) {
        end(error)
        throw error
      }
    },
    cancel: end,
  })
}

/** Emptied or created at once. The file is closed at the end, and as it is on abort and error. */
export function fileSink(
  open: (signal: AbortSignal) => Promise<FileWriter>,
  signal: AbortSignal | undefined,
): WritableStream<Uint8Array | string> {
  const abort = new AbortController()
  let writer: FileWriter | undefined
  let letGo = () => {}
  const end = (reason?: unknown) => {
    letGo()
    abort.abort(reason)
    writer?.[Symbol.dispose]()
  }
  const orEnd = async (act: (writer: FileWriter) => Promise<void>) => {
    try {
      if (writer !== undefined) await act(writer)
    } catch (error) {
      end(error)
      throw error
    }
  }
  return new WritableStream<Uint8Array | string>({
    start: async controller => {
      letGo = whenAborted(signal, reason => {
        end(reason)
        controller.error(reason)
      })
      whenAborted(signalOf(controller), end)
      try {
        writer = await open(abort.signal)
        abort.signal.throwIfAborted()
      } catch (error) {
        end(error)
        throw error
      }
    },
    write: chunk => orEnd(open => open.write(writtenBytes(chunk))),
    close: async () => {
      await orEnd(open => open.end())
      end()
    },
  })
}

/** Calls once when the signal aborts, at once if it has. Returns what stops listening. */
function whenAborted(signal: AbortSignal | undefined, aborted: (reason: unknown) => void): () => void {
  const listener = () => aborted(signal?.reason)
  if (signal?.aborted === true) listener()
  signal?.addEventListener('abort', listener, { once: true })
  return () => signal?.removeEventListener('abort', listener)
}
