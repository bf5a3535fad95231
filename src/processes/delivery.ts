import type { OutputStream, Receipt } from '../protocol/process-schemas.ts'

/** What happens to a process, in the order of its sequence numbers. */
export type ProcessEvent =
  | {
      readonly type: 'output'
      readonly processId: string
      readonly seq: number
      readonly stream: OutputStream
      readonly bytes: Buffer
    }
  | {
      readonly type: 'exited'
      readonly processId: string
      readonly seq: number
      readonly exitCode: number
      readonly sandboxDenied: boolean
      readonly receipt?: Receipt
    }
  | { readonly type: 'closed'; readonly processId: string; readonly seq: number }

/** Someone who was held back and wants to go on. */
export interface Waiter {
  /** There is room again. */
  roomMade(): void
  /** The peer has confirmed more of what it received. */
  acknowledged(): void
}

/**
 * Where the events of a session go while a connection is attached. It never drops an event; a sender asks for room
 * before it sends output and waits in line when there is none.
 *
 * The delivery counts what it has sent. A *mark* is that count when something was sent; once `acknowledgedMark` exceeds
 * it, the peer has received it.
 */
export interface Delivery {
  readonly hasRoom: boolean
  /** Sends the event and returns its mark. Exit and close may be sent without room: they are few and small. */
  deliver(event: ProcessEvent): number
  /** The mark of whatever is sent next. */
  readonly mark: number
  /** Everything with a lower mark has arrived. Infinite where nothing is ever asked for again. */
  readonly acknowledgedMark: number
  /** Whether confirmations are worth waiting for; false once the peer has shown that it gives none. */
  readonly isConfirming: boolean
  /** Calls `roomMade` once there is room. The longest waiting comes first. */
  awaitRoom(waiter: Waiter): void
  /** Calls `acknowledged` at the next confirmation. */
  awaitAcknowledgement(waiter: Waiter): void
  /** Withdraws the waiter from both lines. */
  forget(waiter: Waiter): void
}
