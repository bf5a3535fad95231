import { z } from 'zod'
import { base64 } from '../protocol/scalars.ts'
import {
  ProcessClosed,
  ProcessExited,
  ProcessOutput,
  type OutputStream,
  type Receipt,
} from '../protocol/process-schemas.ts'

/** What a process has done, numbered from 1 without gaps. */
export type ProcessEvent =
  | { readonly type: 'output'; readonly seq: number; readonly stream: OutputStream; readonly bytes: Buffer }
  | ExitedEvent
  | { readonly type: 'closed'; readonly seq: number }

export interface ExitedEvent {
  readonly type: 'exited'
  readonly seq: number
  readonly exitCode: number
  /** Servers before release 0.145 leave it out. */
  readonly sandboxDenied: boolean | undefined
  /** An addition of some servers. */
  readonly receipt: Receipt | undefined
}

/** What a follower of a process is told: its events, or at last that it cannot be followed any further. */
export type LoggedEvent = ProcessEvent | { readonly type: 'failed'; readonly message: string }

const Output = ProcessOutput.extend({ chunk: base64 })
const Exited = ProcessExited.extend({ sandboxDenied: z.boolean().optional() })

/** The size that counts against bounds: only output has one. */
export function sizeOf(event: LoggedEvent): number {
  if (event.type === 'output') return event.bytes.length
  return event.type === 'failed' ? event.message.length : 0
}

/**
 * Reads a notification about a process; undefined for every other method.
 * @throws Error when its parameters cannot be decoded
 */
export function decodeEvent(method: string, params: unknown): { processId: string; event: ProcessEvent } | undefined {
  switch (method) {
    case 'process/output': {
      const { processId, seq, stream, chunk } = parse(Output, params)
      return { processId, event: { type: 'output', seq, stream, bytes: chunk } }
    }
    case 'process/exited': {
      const { processId, seq, exitCode, sandboxDenied, receipt } = parse(Exited, params)
      return { processId, event: { type: 'exited', seq, exitCode, sandboxDenied, receipt } }
    }
    case 'process/closed': {
      const { processId, seq } = parse(ProcessClosed, params)
      return { processId, event: { type: 'closed', seq } }
    }
    default:
      return undefined
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, params: unknown): z.output<Schema> {
  const parsed = schema.safeParse(params)
  if (parsed.success) return parsed.data
  throw new Error(z.prettifyError(parsed.error).replaceAll('\n', ' '))
}
