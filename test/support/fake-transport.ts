import { byteLengthOf, type OutgoingMessage, textOf } from '../../src/protocol/outgoing-message.ts'
import type { Transport } from '../../src/gateway/transport.ts'

/** Keeps what it is given to send. What is queued, and what the peer confirms, is the test's to say. */
export class FakeTransport implements Transport {
  readonly malformedPrefix = 'malformed: '
  readonly sent: string[] = []
  readonly marks: number[] = []
  readonly closings: { readonly code: number; readonly reason: string }[] = []
  readonly kind: Transport['kind']
  queuedBytes = 0
  receivedBytes = 0
  sentBytes = 0
  takenBytes = 0
  isInputPaused = false
  /** Whether what is sent stays queued. */
  isStuck = false

  constructor(kind: Transport['kind'] = 'websocket') {
    this.kind = kind
  }

  send(message: OutgoingMessage): void {
    this.sent.push(textOf(message))
    if (this.isStuck) this.queuedBytes += byteLengthOf(message)
  }

  requestConfirmation(mark: number): void {
    this.marks.push(mark)
  }

  pauseInput(): void {
    this.isInputPaused = true
  }

  resumeInput(): void {
    this.isInputPaused = false
  }

  async close(code: number, reason: string): Promise<void> {
    this.closings.push({ code, reason })
  }
}
