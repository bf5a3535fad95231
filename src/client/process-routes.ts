import { GatewayError } from '../protocol/gateway-error.ts'
import { SequenceBroken } from './event-sequence.ts'
import { decodeEvent } from './process-event.ts'
import type { RemoteProcess } from './remote-process.ts'

/** Where the events of processes go: to the one that is followed by that id, if any. */
export class ProcessRoutes {
  readonly #processes = new Map<string, RemoteProcess>()

  /**
   * To be called before the start is sent, as events may come before its reply.
   * @throws GatewayError when the id is followed already
   */
  add(process: RemoteProcess): void {
    if (this.#processes.has(process.id)) {
      const message = `exec-server protocol error: session already registered for process ${process.id}`
      throw new GatewayError('invalidRequest', message)
    }
    this.#processes.set(process.id, process)
  }

  /** Lets go of this very process: another one may have its id by now. */
  remove(process: RemoteProcess): void {
    if (this.#processes.get(process.id) === process) this.#processes.delete(process.id)
  }

  /** What a new connection has to catch up with. */
  recoverable(): RemoteProcess[] {
    return [...this.#processes.values()].filter(process => process.isRecoverable)
  }

  /** Every process that is followed and has not closed. */
  all(): RemoteProcess[] {
    return [...this.#processes.values()]
  }

  /**
   * Hands a notification on. Other methods and unknown processes are ignored; a process that cannot be followed fails alone.
   * @throws Error when the parameters cannot be decoded
   */
  notified(method: string, params: unknown): void {
    const decoded = decodeEvent(method, params)
    if (decoded === undefined) return
    const process = this.#processes.get(decoded.processId)
    if (process === undefined) return
    try {
      process.notified(decoded.event)
    } catch (error) {
      if (!(error instanceof SequenceBroken)) throw error
      this.fail(process, error.message)
    }
    if (process.isClosed) this.remove(process)
  }

  fail(process: RemoteProcess, message: string): void {
    this.remove(process)
    process.fail(new GatewayError('processFailed', message))
  }

  /** The session is gone. */
  failAll(error: GatewayError): void {
    const processes = this.all()
    this.#processes.clear()
    for (const process of processes) process.fail(error)
  }
}
