import type { OutgoingMessage } from '../protocol/outgoing-message.ts'
import type { CloseCause } from './connection-metrics.ts'

/** Bytes that have gone over a transport so far. */
export interface Traffic {
  readonly receivedBytes: number
  /** Those that are queued included. */
  readonly sentBytes: number
  /** What the operating system has taken of them, to the byte: not more than it has room for until the peer reads. */
  readonly takenBytes: number
}

/** What carries the messages of one connection. The connection processor does not know which kind it has. */
export interface Transport extends Traffic {
  readonly kind: 'websocket' | 'stdio'
  /** How an error about a malformed message begins; the protocol fixes it for each transport. */
  readonly malformedPrefix: string
  /** Bytes handed over that the operating system has not taken yet. */
  readonly queuedBytes: number
  /**
   * Sends one message. Never blocks and never drops: whoever sends watches `queuedBytes`. The bytes of its chunk are not needed any more
   * when it returns.
   */
  send(message: OutgoingMessage): void
  /** Asks the peer to confirm what it has received. `confirmed` follows, if the peer ever answers. */
  requestConfirmation(mark: number): void
  /** Stops and resumes taking messages in. */
  pauseInput(): void
  resumeInput(): void
  /**
   * Sends what is queued, says goodbye with a code and a reason, and soon after lets go, whatever the peer does.
   * Resolves when it has let go.
   */
  close(code: number, reason: string): Promise<void>
}

/** What a transport tells its connection. */
export interface TransportEvents {
  /** A message arrived: its text, or the valid UTF-8 of a long one, which is the connection's from now on. */
  received(message: string | Buffer): void
  /** A message arrived that is not text. */
  undecodable(detail: string): void
  /** A message is longer than it may be. The transport takes nothing more, and `close` or `disconnected` follows. */
  overlong(): void
  /** Everything handed over has been taken. */
  drained(): void
  /** The peer has received everything sent before this mark was given. */
  confirmed(mark: number): void
  /** No more input will come, but answers are still read. */
  inputEnded(): void
  /** The peer is gone, with or without a goodbye. Called once. */
  disconnected(isOrderly?: boolean): void
  /** The transport has had enough of the peer: this is what to say to it, and what has ended the connection. */
  close(code: number, reason: string, cause: CloseCause): void
}
