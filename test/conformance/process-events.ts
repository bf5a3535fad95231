import { isObject, type Json } from './patterns.ts'
import type { Message } from './inbox.ts'
import type { Stream } from './transcript.ts'

interface ProcessEvent {
  readonly method: Json | undefined
  readonly seq: number
  readonly stream: Json | undefined
  readonly bytes: Buffer
  readonly exitCode: Json | undefined
}

/** What one connection was told about a process, in the order it came. */
export class ProcessEvents {
  readonly #events: readonly ProcessEvent[]

  constructor(messages: readonly Message[], processId: string) {
    this.#events = messages.flatMap(({ value }) => {
      if (!isObject(value) || !isObject(value['params']) || value['params']['processId'] !== processId) return []
      const { seq, stream, chunk, exitCode } = value['params']
      const bytes = Buffer.from(typeof chunk === 'string' ? chunk : '', 'base64')
      return [{ method: value['method'], seq: Number(seq), stream, bytes, exitCode }]
    })
  }

  /** The output of a stream, whatever the order it came in. */
  printed(stream: Stream): string {
    const chunks = this.#inOrder.filter(event => event.method === 'process/output' && event.stream === stream)
    return Buffer.concat(chunks.map(({ bytes }) => bytes)).toString('latin1')
  }

  get exitCode(): Json | undefined {
    return this.#events.find(({ method }) => method === 'process/exited')?.exitCode
  }

  get isClosed(): boolean {
    return this.#events.some(({ method }) => method === 'process/closed')
  }

  /** What is wrong with the numbers of a process that is closed. */
  get numberingFault(): string | undefined {
    const events = this.#inOrder
    const [first] = events
    const hole = events.findIndex(({ seq }, index) => seq !== (first?.seq ?? 0) + index)
    if (hole !== -1) return `there is a gap or a repetition before number ${events[hole]?.seq}: ${this.#numbers}`
    return events.at(-1)?.method === 'process/closed' ? undefined : `the close does not come last: ${this.#numbers}`
  }

  get isInOrder(): boolean {
    return this.#events.every(({ seq }, index) => index === 0 || seq > (this.#events[index - 1]?.seq ?? 0))
  }

  get #inOrder(): ProcessEvent[] {
    return this.#events.toSorted((one, other) => one.seq - other.seq)
  }

  get #numbers(): string {
    return this.#events.map(({ seq }) => seq).join(', ')
  }
}
