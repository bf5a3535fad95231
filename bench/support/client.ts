import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Call, MethodName, ParamsInput, Result } from '../../src/protocol/method-table.ts'

/** Output notifications begin like this, whoever sends them. They are counted and not parsed. */
const outputStart = '{"method":"process/output",'
const chunkStart = '"chunk":"'
const quote = '"'.charCodeAt(0)
const padding = '='.charCodeAt(0)

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

interface Incoming {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
  readonly method?: string
  readonly params?: { readonly processId: string }
}

/** A client that costs as little as possible, the same for every server. */
export class Client implements AsyncDisposable {
  readonly #socket: WebSocket
  /** By the id of the request. */
  readonly #replies = new Map<number, Waiting>()
  /** By the id of the process. */
  readonly #closings = new Map<string, Waiting>()
  #outputGoal: (Waiting & { readonly bytes: number }) | undefined
  #lastId = 0
  #outputBytes = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      this.#received(data)
    })
    socket.on('close', () => {
      this.#failWaiting()
    })
  }

  static async open(url: string): Promise<Client> {
    const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true })
    const client = new Client(socket)
    await once(socket, 'open')
    await client.call('initialize', { clientName: 'bench' })
    socket.send('{"method":"initialized"}')
    return client
  }

  /** Bytes of output received so far, of all processes. */
  get outputBytes(): number {
    return this.#outputBytes
  }

  readonly call: Call = <M extends MethodName>(method: M, params: ParamsInput<M>) => {
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#replies.set(id, { resolve, reject })
    this.#socket.send(JSON.stringify({ id, method, params }))
    return promise as Promise<Result<M>>
  }

  /** Starts a process with pipes and an empty environment. */
  async start(argv: [string, ...string[]]): Promise<RunningProcess> {
    const processId = `process-${++this.#lastId}`
    const { promise: closed, resolve, reject } = Promise.withResolvers<unknown>()
    // Whoever needs to know awaits it.
    closed.catch(() => {})
    this.#closings.set(processId, { resolve, reject })
    await this.call('process/start', { processId, argv, cwd: 'file:///', env: {}, tty: false })
    return { id: processId, closed }
  }

  /** Milliseconds from the request to start it until a process that ends at once has closed. */
  async timeOneShot(): Promise<number> {
    const startedAt = performance.now()
    const { closed } = await this.start(['/usr/bin/true'])
    await closed
    return performance.now() - startedAt
  }

  /** Milliseconds a request takes that asks for nothing. */
  async timeStatus(): Promise<number> {
    const startedAt = performance.now()
    await this.call('environment/status', {})
    return performance.now() - startedAt
  }

  /** Resolves once so much output has been received in all. */
  async outputReaches(bytes: number): Promise<void> {
    if (this.#outputBytes >= bytes) return
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#outputGoal = { bytes, resolve, reject }
    await promise
  }

  /** From now on whatever the server sends stays in the buffers between the two. */
  stopReading(): void {
    this.#socket.pause()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const closed = once(this.#socket, 'close')
    this.#socket.terminate()
    await closed
  }

  #received(data: Buffer): void {
    if (data.toString('latin1', 0, outputStart.length) === outputStart) return this.#count(data)
    const { id, result, error, method, params } = JSON.parse(data.toString()) as Incoming
    if (id !== undefined) {
      const waiting = this.#replies.get(id)
      this.#replies.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error.message))
    } else if (method === 'process/closed' && params !== undefined) {
      this.#closings.get(params.processId)?.resolve(undefined)
      this.#closings.delete(params.processId)
    }
  }

  #count(data: Buffer): void {
    const start = data.indexOf(chunkStart) + chunkStart.length
    const end = data.indexOf(quote, start)
    const padded = data[end - 1] !== padding ? 0 : data[end - 2] !== padding ? 1 : 2
    this.#outputBytes += ((end - start) / 4) * 3 - padded
    const goal = this.#outputGoal
    if (goal === undefined || this.#outputBytes < goal.bytes) return
    this.#outputGoal = undefined
    goal.resolve(undefined)
  }

  #failWaiting(): void {
    const error = new Error('the connection has ended')
    for (const { reject } of [...this.#replies.values(), ...this.#closings.values()]) reject(error)
    this.#outputGoal?.reject(error)
  }
}

export interface RunningProcess {
  readonly id: string
  /** Resolves when the process is closed, rejects when the connection ends before. */
  readonly closed: Promise<unknown>
}
