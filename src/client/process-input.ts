import { WritableStream } from 'node:stream/web'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { WriteStatus } from '../protocol/process-schemas.ts'
import type { RemoteProcess } from './remote-process.ts'
import { signalOf } from './sink-signal.ts'

/** The part of a large write that goes into one message. */
const maxWriteBytes = 1024 * 1024

const endOfTransmission = Buffer.from([0x04])

/** How the end of the input is told. */
export type InputEnd =
  /** The server closes the pipe. */
  | 'pipe'
  /** The terminal takes Ctrl-D for it, in canonical mode at the beginning of a line. termios(3) */
  | 'terminal'
  /** Not at all: the server cannot close a pipe. */
  | 'unsupported'

/**
 * Standard input of a process as a stream: one write after the other, each exactly once however often the connection breaks.
 * Closing it is the end of the input; aborting it writes nothing more.
 */
export function processInput(process: RemoteProcess, end: InputEnd): WritableStream<Uint8Array | string> {
  let signal: AbortSignal | undefined
  const write = (bytes: Uint8Array, endsInput = false) => process.write(bytes, { endsInput, signal })
  return new WritableStream<Uint8Array | string>({
    start: controller => {
      signal = signalOf(controller)
    },
    write: async chunk => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      for (let at = 0; at < bytes.length; at += maxWriteBytes) {
        const status = await write(bytes.subarray(at, at + maxWriteBytes))
        if (status !== 'accepted') throw refusedWrite(process.id, status)
      }
    },
    // Whatever is answered: an input that is closed already is what was wanted.
    close: async () => {
      if (end === 'unsupported') throw inputEndUnsupported()
      if (end === 'terminal') await write(endOfTransmission)
      else await write(new Uint8Array(), true)
    },
  })
}

function refusedWrite(processId: string, status: Exclude<WriteStatus, 'accepted'>): GatewayError {
  if (status === 'unknownProcess') {
    return new GatewayError('notFound', `process ${processId} is not known to the server any more`)
  }
  return new GatewayError('refused', `the standard input of process ${processId} is closed`)
}

export function inputEndUnsupported(): GatewayError {
  const message = 'this server cannot close the standard input of a process: it does not announce `inputEnd`'
  return new GatewayError('unsupported', message)
}
