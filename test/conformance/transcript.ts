import type { Pattern, PatternObject } from './patterns.ts'
import type { WebAnswers } from './web.ts'

/** Who is held to an expected line, and how closely. */
export type Tag =
  /** Everything as written and nothing else, but for `error.data`, which is for every server to fill. */
  | 'exact'
  /** What is written has to be there; the wording of errors and further members are free. */
  | 'shape'
  /** As exact, for the reference server alone. */
  | 'reference-only'
  /** As exact, for this gateway alone. */
  | 'ours-only'

/** The two servers whose behaviour is known line by line. */
export type Dialect = 'execgate' | 'reference'

export interface RetriedRequest {
  readonly method: string
  readonly params: PatternObject
}

export type Stream = 'stdout' | 'stderr' | 'pty'

/** One step of a transcript, on one of its connections. */
export type Step = { readonly on: string } & (
  | { readonly step: 'connect' }
  | { readonly step: 'send'; readonly text: string; readonly asBytes: boolean }
  | { readonly step: 'send bytes'; readonly bytes: readonly number[] }
  | { readonly step: 'expect'; readonly tag: Tag; readonly message: PatternObject }
  | { readonly step: 'retry'; readonly tag: Tag; readonly request: RetriedRequest; readonly outcome: PatternObject }
  | {
      readonly step: 'prints'
      readonly tag: Tag
      readonly processId: string
      readonly stream: Stream
      readonly text: string
    }
  | { readonly step: 'ends'; readonly tag: Tag; readonly processId: string; readonly exitCode: Pattern }
  | { readonly step: 'in order'; readonly tag: Tag; readonly processId: string }
  | { readonly step: 'before'; readonly tag: Tag; readonly earlier: number | string; readonly later: number | string }
  | { readonly step: 'open gate'; readonly gate: string }
  | { readonly step: 'close' }
  | { readonly step: 'cut' }
  | { readonly step: 'over'; readonly tag: Tag; readonly ending: PatternObject }
)

/** A conversation with a server, as data. */
export interface Transcript {
  readonly name: string
  readonly steps: readonly Step[]
  /** Left out for the other dialect: what it shows is an addition, or would take minutes there. */
  readonly only?: Dialect
  /** Gates: processes wait at `read x < <scratch>/NAME` until a step opens it. Given, the server gets a scratch directory. */
  readonly gates?: readonly string[]
  /** A web server that the server can reach, at `<web>`. */
  readonly web?: WebAnswers
  /** Spoken on standard streams instead of a WebSocket. */
  readonly transport?: 'stdio'
  /** A server of its own with these settings; skipped where the server is not ours to set up. */
  readonly settings?: {
    readonly detachedSessionMs?: number
    readonly closedProcessMs?: number
    /** What the server's own environment holds. */
    readonly environment?: Readonly<Record<string, string>>
  }
}
