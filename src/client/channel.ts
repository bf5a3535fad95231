/** What carries the messages of one generation. The client does not know which kind it has. */
export interface Channel {
  /** To be called once, before any message can arrive. */
  start(events: ChannelEvents): void
  /** Sends the text of one message. Does nothing once the channel has ended. */
  send(text: string): void
  /** Stops and resumes taking messages in; the peer is held back meanwhile. */
  pause(): void
  resume(): void
  /** Says goodbye and soon after lets go, whatever the peer does. Resolves when it has let go. */
  close(): Promise<void>
}

/** What a channel tells its generation. */
export interface ChannelEvents {
  received(text: string): void
  /** Nothing more will be received. Called once, with what the transport says about it, if anything. */
  ended(reason: string | undefined): void
}

/**
 * Opens a channel to the server, always the same one.
 * @throws GatewayError `connectFailed`, `connectTimedOut` or `spawnFailed`; the reason of the signal when it aborts
 */
export type Dial = (signal: AbortSignal) => Promise<Channel>
