import { randomUUID } from 'node:crypto'
import type { OutputPage } from '../../src/protocol/process-schemas.ts'
import type { Received } from './conversation.ts'
import { Peer } from './peer.ts'
import { type StockCaller, StockCommand } from './stock-command.ts'
import { newProcessId, stockStart } from './stock-start.ts'

const sessionAttached = -32010
const unknownSession = '00000000-0000-4000-8000-000000000000'

/** What a stock client looks for when it starts in an empty folder, all at once. */
const startUpPaths = ['file:///tmp/work/.git', 'file:///tmp/.git', 'file:///.git', 'file:///tmp/work/AGENTS.md']

/**
 * Says what the Codex CLI 0.169 says, in its order: greets, looks around, starts commands with every member it sends, takes
 * what is pushed, and when the connection breaks resumes its session and reads what it missed.
 */
export class StockClient implements StockCaller, AsyncDisposable {
  /** Times the session was taken up again. */
  resumedCount = 0
  sessionId = ''
  readonly #url: string
  readonly #commands = new Map<string, StockCommand>()
  readonly #threadId = randomUUID()
  #peer: Peer | undefined
  #recovery: Promise<Peer>
  #startedCount = 0
  #isLeaving = false
  #hasForgotten = false

  private constructor(url: string) {
    this.#url = url
    this.#recovery = this.#connect()
  }

  static async open(url: string): Promise<StockClient> {
    const client = new StockClient(url)
    const peer = await client.#recovery
    await Promise.all(startUpPaths.map(path => peer.request('fs/getMetadata', { path, sandbox: null })))
    return client
  }

  /**
   * Starts a command in a login shell.
   * @throws when it is refused, or the connection breaks before the reply: a start is never sent twice
   */
  async exec(script: string, options: { readonly tty?: boolean } = {}): Promise<StockCommand> {
    this.#startedCount += 1
    const count = this.#startedCount
    const processId = newProcessId(count)
    const start = stockStart({ processId, threadId: this.#threadId, count, script, tty: options.tty ?? false })
    const command = new StockCommand(processId, this)
    const peer = await this.#recovery
    this.#commands.set(processId, command)
    try {
      resultOf(await peer.request('process/start', start))
    } catch (error) {
      this.#commands.delete(processId)
      if (isOpen(peer)) throw error
      const next = await this.#nextAfter(peer)
      await next.request('process/terminate', { processId })
      throw new Error('exec-server transport disconnected', { cause: error })
    }
    return command
  }

  /** Waits for the end of a command and cleans up after it. */
  async finish(command: StockCommand): Promise<number | undefined> {
    const exitCode = await command.ended
    const peer = await this.#recovery
    await peer.request('process/terminate', { processId: command.process.id })
    return exitCode
  }

  async repeat(method: string, params: unknown): Promise<unknown> {
    let peer = await this.#recovery
    for (;;) {
      try {
        return resultOf(await peer.request(method, params))
      } catch (error) {
        if (isOpen(peer) || this.#isLeaving) throw error
        peer = await this.#nextAfter(peer)
      }
    }
  }

  async once(method: string, params: unknown): Promise<unknown> {
    const peer = await this.#recovery
    return resultOf(await peer.request(method, params))
  }

  /** Asks to end every command, several times in a hurry, and goes: at once, or with the first answer. */
  async leaveInAHurry(waitsFor: 'nothing' | 'an answer'): Promise<void> {
    const peer = await this.#recovery
    const answers = [...this.#commands.keys()].flatMap(processId =>
      Array.from({ length: 3 }, () => peer.request('process/terminate', { processId })),
    )
    const answered = Promise.allSettled(answers)
    if (waitsFor === 'an answer') await Promise.race(answers)
    await this[Symbol.asyncDispose]()
    await answered
  }

  /** From now on asks for a session that never was. */
  forgetSession(): void {
    this.#hasForgotten = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLeaving = true
    await this.#peer?.cut()
    // An attempt to connect may be under way.
    await this.#recovery.catch(() => {})
    await this.#peer?.cut()
  }

  async #recoverAfter(peer: Peer): Promise<void> {
    await peer.closed
    if (this.#isLeaving) return
    this.#recovery = this.#connect()
    // Nobody may be waiting when the client leaves.
    this.#recovery.catch(() => {})
  }

  /** The connection that follows one that was lost. */
  async #nextAfter(peer: Peer): Promise<Peer> {
    await peer.closed
    return this.#recovery
  }

  /** Connects until it works. The session is resumed, or a new one begun when there is none to resume. */
  async #connect(): Promise<Peer> {
    for (;;) {
      const peer = await this.#tryToGreet()
      if (peer === undefined) continue
      peer.send({ method: 'initialized', params: {} })
      try {
        await this.#catchUp(peer)
      } catch (error) {
        if (isOpen(peer)) throw error
        continue
      }
      void this.#recoverAfter(peer)
      return peer
    }
  }

  async #tryToGreet(): Promise<Peer | undefined> {
    const resumeSessionId = this.sessionId === '' ? null : this.#hasForgotten ? unknownSession : this.sessionId
    let peer: Peer | undefined
    try {
      peer = await Peer.open(this.#url)
      this.#peer = peer
      this.#listen(peer)
      const reply = await peer.request('initialize', { clientName: 'codex-environment', resumeSessionId })
      if (reply.error === undefined) {
        this.sessionId = (reply.result as { sessionId: string }).sessionId
        if (resumeSessionId !== null) this.resumedCount += 1
        return peer
      }
      if (reply.error.code !== sessionAttached) this.#loseSession(reply.error.message)
      await peer.cut()
    } catch (error) {
      if (this.#isLeaving || isOpen(peer)) throw error
    }
    return undefined
  }

  /** Any other refusal is final: what runs is lost, and the next connection begins a session. */
  #loseSession(why: string): void {
    for (const command of this.#commands.values()) command.fail(new Error(why))
    this.#commands.clear()
    this.sessionId = ''
    this.#hasForgotten = false
  }

  async #catchUp(peer: Peer): Promise<void> {
    for (const command of this.#commands.values()) {
      const { process } = command
      if (process.isClosed) continue
      const params = { processId: process.id, afterSeq: process.lastSeq, maxBytes: null, waitMs: 0 }
      process.caughtUp(resultOf(await peer.request('process/read', params)) as OutputPage)
      command.changed()
    }
  }

  #listen(peer: Peer): void {
    peer.socket.on('message', (data: Buffer) => {
      const { method, params } = JSON.parse(data.toString()) as Received
      if (method === undefined) return
      const command = this.#commands.get(params.processId as string)
      if (command === undefined) return
      try {
        command.process.notified({ method, params })
        command.changed()
      } catch (error) {
        command.fail(error as Error)
      }
    })
  }
}

function resultOf(reply: Received): unknown {
  if (reply.error !== undefined) throw new Error(reply.error.message)
  return reply.result
}

function isOpen(peer: Peer | undefined): boolean {
  return peer !== undefined && peer.socket.readyState === peer.socket.OPEN
}
