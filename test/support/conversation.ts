import type { Call, MethodName, ParamsInput, Result } from '../../src/protocol/method-table.ts'

/** A message as it was received. */
export interface Received {
  readonly id?: number | string
  readonly method?: string
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into whatever came
  readonly params?: any
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into whatever came
  readonly result?: any
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> }
}

/** An error reply, thrown by `call`. */
export class ReplyError extends Error {
  readonly code: number
  readonly data: Record<string, unknown> | undefined

  constructor(error: NonNullable<Received['error']>) {
    super(error.message)
    this.code = error.code
    this.data = error.data
  }
}

interface Waiting {
  readonly matches: (message: Received) => boolean
  readonly found: (message: Received) => void
  readonly failed: (error: Error) => void
}

/** A client driven step by step, whatever carries its messages. Every received message is kept in order. */
export abstract class Conversation {
  readonly received: Received[] = []
  sessionId = ''
  #nextId = 1
  readonly #waiting = new Set<Waiting>()
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into whatever came
  #consumed: { readonly method: string; readonly take: (params: any) => void } | undefined

  readonly call: Call = async <M extends MethodName>(method: M, params: ParamsInput<M>) => {
    const reply = await this.request(method, params)
    if (reply.error !== undefined) throw new ReplyError(reply.error)
    return reply.result as Result<M>
  }

  /** Sends one message as it stands. */
  protected abstract sendText(text: string): void

  /** Sends a request and resolves with whatever answers it. */
  request(method: string, params: unknown): Promise<Received> {
    const id = this.#nextId++
    this.send({ id, method, params })
    return this.until(message => message.id === id)
  }

  send(message: unknown): void {
    this.sendText(typeof message === 'string' ? message : JSON.stringify(message))
  }

  async shakeHands(resumeSessionId?: string): Promise<void> {
    const { sessionId } = await this.call('initialize', {
      clientName: 'test',
      resumeSessionId: resumeSessionId ?? null,
    })
    this.sessionId = sessionId
    this.send({ method: 'initialized' })
  }

  /** The first message, received already or later, that matches. */
  until(matches: (message: Received) => boolean): Promise<Received> {
    const known = this.received.find(matches)
    if (known !== undefined) return Promise.resolve(known)
    return new Promise((found, failed) => {
      const waiting: Waiting = {
        matches,
        found: message => {
          this.#waiting.delete(waiting)
          found(message)
        },
        failed,
      }
      this.#waiting.add(waiting)
    })
  }

  event(processId: string, method: 'process/output' | 'process/exited' | 'process/closed'): Promise<Received> {
    return this.until(message => message.method === method && message.params.processId === processId)
  }

  /** Starts a process in /tmp with an empty environment unless told otherwise. */
  async start(processId: string, argv: string[], more: Partial<ParamsInput<'process/start'>> = {}): Promise<void> {
    await this.call('process/start', { processId, argv, cwd: 'file:///tmp', env: {}, tty: false, ...more })
  }

  /** Starts a shell script and resolves when it is closed. */
  async run(
    processId: string,
    script: string,
    more: Partial<ParamsInput<'process/start'>> = {},
  ): Promise<{ exitCode: number; stdout: string; stderr: string; pty: string }> {
    await this.start(processId, ['/bin/sh', '-c', script], more)
    await this.event(processId, 'process/closed')
    const exited = await this.event(processId, 'process/exited')
    return {
      exitCode: exited.params.exitCode as number,
      stdout: this.output(processId, 'stdout').toString(),
      stderr: this.output(processId, 'stderr').toString(),
      pty: this.output(processId, 'pty').toString(),
    }
  }

  /** Events of a process in the order they arrived. */
  events(processId: string): Received[] {
    return this.received.filter(message => message.method !== undefined && message.params.processId === processId)
  }

  /** Output received so far. */
  output(processId: string, stream?: 'stdout' | 'stderr' | 'pty'): Buffer {
    return Buffer.concat(
      this.events(processId)
        .filter(({ method, params }) => method === 'process/output' && (stream ?? params.stream) === params.stream)
        .map(({ params }) => Buffer.from(params.chunk as string, 'base64')),
    )
  }

  /** Resolves once the output received so far contains the text. */
  async outputContains(processId: string, text: string): Promise<void> {
    await this.until(() => this.output(processId).includes(text))
  }

  /** Has notifications of this method handed to `take` instead of being kept: there are too many of them. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into whatever came
  consume(method: string, take: (params: any) => void): void {
    this.#consumed = { method, take }
  }

  protected take(text: string): void {
    const message = JSON.parse(text) as Received
    if (this.#consumed !== undefined && message.method === this.#consumed.method) {
      return this.#consumed.take(message.params)
    }
    this.received.push(message)
    for (const waiting of this.#waiting) if (waiting.matches(message)) waiting.found(message)
  }

  /** Fails whoever waits: nothing more will be received. */
  protected failWaiting(error: Error): void {
    for (const { failed } of this.#waiting) failed(error)
  }
}
