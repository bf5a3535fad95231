/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Client } from './client.ts'
import { Samples } from './samples.ts'

/** Asks a server for nothing again and again, in a thread of its own: what the bench itself does delays no answer. */
export class Prober implements AsyncDisposable {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  static async start(url: string): Promise<Prober> {
    const worker = new Worker(new URL(import.meta.url), { workerData: url })
    await once(worker, 'message')
    return new Prober(worker)
  }

  /** How long answers have taken since it was asked last, in milliseconds. */
  async delays(): Promise<Samples> {
    this.#worker.postMessage('tell')
    const [delays] = (await once(this.#worker, 'message')) as [number[]]
    return new Samples(delays)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

async function probe(url: string): Promise<void> {
  const client = await Client.open(url)
  let delays: number[] = []
  parentPort?.on('message', () => {
    parentPort?.postMessage(delays)
    delays = []
  })
  parentPort?.postMessage('ready')
  for (;;) {
    const askedAt = performance.now()
    await client.call('environment/status', {})
    delays.push(performance.now() - askedAt)
  }
}

if (!isMainThread) await probe(workerData as string)
