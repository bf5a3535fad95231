import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ScannedProcess, ScanRequest } from './scan.ts'

/** The worker is TypeScript when the program runs from its source, and JavaScript when it was built. */
const workerFile = new URL(`./scan-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Scans the processes of the machine on a thread of its own, which is started when it is first needed. */
export class Scanner implements AsyncDisposable {
  #worker: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** One scan at a time; a second caller waits for the first. */
  scan(request: ScanRequest): Promise<ScannedProcess[]> {
    const scanned = this.#last.then(() => this.#ask(request))
    this.#last = scanned.catch(() => {})
    return scanned
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  async #ask(request: ScanRequest): Promise<ScannedProcess[]> {
    const worker = (this.#worker ??= this.#start())
    // Rejects when the worker fails instead of answering.
    const answered = once(worker, 'message') as Promise<[ScannedProcess[]]>
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(request)
    worker.ref()
    try {
      return (await answered)[0]
    } finally {
      worker.unref()
    }
  }

  #start(): Worker {
    const worker = new Worker(workerFile)
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    return worker
  }
}
