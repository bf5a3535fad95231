import type { Channel, ChannelEvents } from '../../src/client/channel.ts'
import type { Sent } from './scripted-server.ts'

/** A channel without a server: a test says what is received, also after its end. */
export class FakeChannel implements Channel {
  readonly sent: Sent[] = []
  isClosed = false
  isPaused = false
  #events: ChannelEvents | undefined

  start(events: ChannelEvents): void {
    this.#events = events
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent)
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): Promise<void> {
    this.isClosed = true
    this.ends()
    return Promise.resolve()
  }

  receives(message: unknown): void {
    this.#events?.received(JSON.stringify(message))
  }

  ends(reason?: string): void {
    this.#events?.ended(reason)
  }
}

/** A channel that answers every handshake with the session it asks for, or with the given one. */
export class GreetingChannel extends FakeChannel {
  override send(text: string): void {
    super.send(text)
    const message = this.sent.at(-1)
    if (message?.method !== 'initialize') return
    const { resumeSessionId } = message.params as { resumeSessionId: string | null }
    this.receives({ id: message.id, result: { sessionId: resumeSessionId ?? 'session-1' } })
  }
}
