import { expect } from 'vitest'
import type { Launch } from '../../src/processes/engine.ts'
import type { OutputPage } from '../../src/protocol/process-schemas.ts'
import type { Session, SessionOwner } from '../../src/sessions/session.ts'
import type { FakeChild } from './fake-engine.ts'
import { type HeardProcess, ModelledClient } from './modelled-client.ts'

const idle = new AbortController().signal

/** A process as it must be. */
export interface ModelledProcess {
  readonly id: string
  /** What the engine knows it by. */
  readonly program: string
  readonly session: ModelledSession
  readonly prepare: (launch: Launch) => void
  phase: 'starting' | 'running' | 'exited' | 'cancelled'
  child: FakeChild | undefined
  completion: 'success' | 'error' | 'terminated' | undefined
  /** Everything its child has written. */
  readonly said: Record<'stdout' | 'stderr', Buffer[]>
}

/** A session as it must be, and its client. */
export interface ModelledSession {
  readonly real: Session
  readonly client: ModelledClient
  owner: SessionOwner
  formerOwner: SessionOwner | undefined
  state: 'attached' | 'ended' | { readonly expiresAt: number }
}

/** Each retained byte comes exactly once, whatever the sizes of the pages. */
export function expectPaged(process: ModelledProcess, heard: HeardProcess, pageBytes: readonly number[]): void {
  const reader = new ModelledClient()
  const seqs: number[] = []
  let firstRetainedSeq = 1
  for (let afterSeq = 0, count = 0; ; count++) {
    const page = pageOf(process, afterSeq, pageBytes[count % pageBytes.length])
    firstRetainedSeq = page.firstRetainedSeq ?? 1
    afterSeq = reader.takes(process.id, afterSeq, page)
    seqs.push(...page.chunks.map(({ seq }) => seq))
    if (page.chunks.length === 0) break
  }
  const isRetained = (seq: number) => seq >= firstRetainedSeq && typeof heard.events.get(seq) === 'object'
  expect(seqs).toEqual([...heard.events.keys()].filter(isRetained).toSorted((one, other) => one - other))
  for (const [seq, event] of reader.process(process.id).events) heard.hear(seq, event)
}

/** Never waits. */
export function pageOf({ id, session }: ModelledProcess, afterSeq: number, maxBytes: number | undefined): OutputPage {
  const page = session.real.processes.read(id, { afterSeq, maxBytes, waitMs: 0 }, idle)
  if (page instanceof Promise) throw new Error(`reading ${id} waits although it was not told to`)
  return page
}
