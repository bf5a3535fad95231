import type { ExecClient } from '../client/execgate-client.ts'
import type { LinkState } from '../client/link.ts'
import type { DelayProxy } from './delay-proxy.ts'
import type { Operation } from './operation.ts'

/** How the end of a command is learned: from what is pushed alone, or by a read after that, as clients once did. */
export const completions = ['events', 'read'] as const
export type Completion = (typeof completions)[number]

/** What scenarios can be told. */
export interface ScenarioSettings {
  readonly completion: Completion
  /** Of `idle` in all, of `reconnect` for each worker. */
  readonly sessions: number
  /** What a command of `stream` writes. */
  readonly streamBytes: number
}

export interface StageConnectOptions {
  /** Default: the target, as far away as it should seem. */
  readonly url?: string
  readonly stateChanged?: (state: LinkState) => void
}

/** Where a run takes place. What is opened through it ends with the run. */
export interface Stage {
  readonly settings: ScenarioSettings
  /** Unique: what a run starts can carry it. */
  readonly mark: string
  readonly signal: AbortSignal
  /** A session of its own. */
  connect(options?: StageConnectOptions): Promise<ExecClient>
  /** A way of its own to the target. */
  openProxy(): Promise<DelayProxy>
  /** Runs before anything is closed. */
  defer(action: () => void): void
}

/** What a gateway is stressed with. */
export interface Scenario {
  /** A sentence for the help: what one operation is. */
  readonly help: string
  /** What goes on beside the operations. */
  surround?(stage: Stage): Promise<void>
  /** The operation of one worker, with whatever it needs. */
  prepare(stage: Stage): Promise<Operation>
  /** Looked at when a run is over and its sessions are closed: how much it left behind. Each counts as an error. */
  countLeftovers?(stage: Stage): Promise<number>
}
