import type { OutputStream } from '../../src/protocol/process-schemas.ts'
import { FollowedProcess } from './followed-process.ts'

/** What a command may ask of the client that runs it. */
export interface StockCaller {
  /** Sends a request; when the connection breaks before the reply, sends it again on the next. */
  repeat(method: 'process/write', params: { processId: string; chunk: string; writeId: string }): Promise<unknown>
  /** Sends a request once. */
  once(method: 'process/signal', params: { processId: string; signal: 'interrupt' }): Promise<unknown>
}

/** A command a stock client runs, as the tool that asked for it sees it. */
export class StockCommand {
  readonly process: FollowedProcess
  readonly #caller: StockCaller
  readonly #failed = Promise.withResolvers<never>()
  readonly #changed = new Set<() => void>()
  #writeCount = 0

  constructor(processId: string, caller: StockCaller) {
    this.process = new FollowedProcess(processId)
    this.#caller = caller
    // Nobody may be waiting when the command fails.
    this.#failed.promise.catch(() => {})
  }

  /** The exit code, once the process is closed: a stock client does not take the exit for the end. */
  get ended(): Promise<number | undefined> {
    return this.#orFailed(this.process.closed.then(() => this.process.exitCode))
  }

  text(stream: OutputStream): string {
    return this.process.output(stream).toString()
  }

  /** Resolves once the output has the text in it. */
  async prints(stream: OutputStream, text: string): Promise<void> {
    while (!this.text(stream).includes(text)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#changed.add(resolve)
      await this.#orFailed(promise)
    }
  }

  /** Input, or a key such as Ctrl-C, for a command in a terminal. */
  async write(text: string): Promise<void> {
    this.#writeCount += 1
    await this.#caller.repeat('process/write', {
      processId: this.process.id,
      chunk: Buffer.from(text).toString('base64'),
      writeId: String(this.#writeCount),
    })
  }

  /** Ctrl-C for a command that has no terminal. */
  async interrupt(): Promise<void> {
    await this.#caller.once('process/signal', { processId: this.process.id, signal: 'interrupt' })
  }

  /** There is news of the process. */
  changed(): void {
    for (const resolve of this.#changed) resolve()
    this.#changed.clear()
  }

  fail(error: Error): void {
    this.#failed.reject(error)
  }

  #orFailed<Value>(awaited: Promise<Value>): Promise<Value> {
    return Promise.race([awaited, this.#failed.promise])
  }
}
