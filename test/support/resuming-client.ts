import type { ClientOptions } from 'ws'
import { errorKinds } from '../../src/protocol/gateway-error.ts'
import type { ParamsInput } from '../../src/protocol/method-table.ts'
import { type Received, ReplyError } from './conversation.ts'
import { FollowedProcess, GivenUp } from './followed-process.ts'
import { Peer } from './peer.ts'

/** Follows processes over connections that break, as a stock client does. */
export class ResumingClient implements AsyncDisposable {
  readonly #url: string
  #peer: Peer
  #sessionId = ''
  readonly #followed = new Map<string, FollowedProcess>()
  /** Rejects when a stock client would give a process up. */
  readonly #givenUp = Promise.withResolvers<never>()

  private constructor(url: string, peer: Peer) {
    this.#url = url
    this.#peer = peer
    // Whoever waits for something is told; nobody may be waiting.
    this.#givenUp.promise.catch(() => {})
    this.#listen(peer)
  }

  /** Connects and starts a session. */
  static async open(url: string): Promise<ResumingClient> {
    const client = new ResumingClient(url, await Peer.open(url, oneByOne))
    await client.#peer.shakeHands()
    client.#sessionId = client.#peer.sessionId
    return client
  }

  /** The latest connection. */
  get peer(): Peer {
    return this.#peer
  }

  async start(id: string, argv: string[], more: Partial<ParamsInput<'process/start'>> = {}): Promise<FollowedProcess> {
    const process = new FollowedProcess(id)
    this.#followed.set(id, process)
    await this.#peer.start(id, argv, more)
    return process
  }

  /** Resumes whenever the connection is lost, until the process is closed. */
  async untilClosed(process: FollowedProcess): Promise<void> {
    for (;;) {
      await this.orGivenUp(Promise.race([process.closed, this.#peer.closed]))
      if (process.isClosed) return
      await this.resume()
    }
  }

  /** Connects, takes the session up and catches up with every process, again and again until nothing breaks on the way. */
  async resume(): Promise<void> {
    while (!(await this.#tryToResume())) await this.#peer.closed
  }

  /** Waits, but not for what never comes because a process was given up. */
  orGivenUp<Value>(awaited: Promise<Value>): Promise<Value> {
    return Promise.race([awaited, this.#givenUp.promise])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]()
  }

  async #tryToResume(): Promise<boolean> {
    try {
      const peer = await Peer.open(this.#url, oneByOne)
      this.#peer = peer
      this.#listen(peer)
      await peer.shakeHands(this.#sessionId)
      for (const process of this.#followed.values()) {
        if (!process.isClosed) {
          process.caughtUp(await peer.call('process/read', { processId: process.id, afterSeq: process.lastSeq }))
        }
      }
      return true
    } catch (error) {
      if (error instanceof GivenUp) throw error
      if (error instanceof ReplyError) {
        if (error.code !== errorKinds.sessionAttached.code) throw error
        await this.#peer.cut()
      }
      return false
    }
  }

  #listen(peer: Peer): void {
    peer.socket.on('message', (data: Buffer) => {
      if (!data.subarray(0, notificationStart.length).equals(notificationStart)) return
      const message = JSON.parse(data.toString()) as Received
      try {
        this.#followed.get(message.params.processId as string)?.notified(message)
      } catch (error) {
        this.#givenUp.reject(error)
      }
    })
  }
}

/** Whoever waits for a message goes on before the next one is looked at. */
const oneByOne: ClientOptions = { allowSynchronousEvents: false }

/** How the gateway begins its notifications; parsing every reply once more would take long. */
const notificationStart = Buffer.from('{"method":')
