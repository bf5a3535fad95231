import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, vi } from 'vitest'
import type { Launch } from '../../src/processes/engine.ts'
import { GatewayError } from '../../src/protocol/gateway-error.ts'
import type { SessionOwner } from '../../src/sessions/session.ts'
import { SessionMetrics } from '../../src/sessions/session-metrics.ts'
import { SessionRegistry } from '../../src/sessions/session-registry.ts'
import type { FakeChild } from './fake-engine.ts'
import { type FakeHost, launchOf } from './fake-host.ts'
import { nobody } from './fake-start.ts'
import { ModelledClient } from './modelled-client.ts'
import { expectPaged, type ModelledProcess, type ModelledSession, pageOf } from './modelled-process.ts'

const detachedSessionMs = 300
const graceMs = 2000
/** Of how many something happens to one. */
const latest = 3
const idle = new AbortController().signal

/** Sessions with all they own, and beside them what must have become of each, in plain words. Time is the test's. */
export class ModelledSessions {
  readonly #host: FakeHost
  readonly #registry: SessionRegistry
  readonly #sessions: ModelledSession[] = []
  readonly #processes: ModelledProcess[] = []

  constructor(host: FakeHost) {
    this.#host = host
    const limits = { detachedSessionMs, graceMs, maxSessions: 100 }
    this.#registry = new SessionRegistry({
      host,
      limits,
      log: pino({ level: 'silent' }),
      metrics: new SessionMetrics(),
    })
  }

  // What clients do

  opens(): void {
    const client = new ModelledClient()
    const owner = ownerOf(client)
    const real = this.#registry.create(owner)
    this.#sessions.push({ real, client, owner, formerOwner: undefined, state: 'attached' })
  }

  starts(which: number): void {
    const process = this.#newProcess(which)
    if (process === undefined) return
    void process.session.real.processes.start(process.id, launchOf(process.program), nobody)
    this.#processes.push(process)
    this.#isRunning(process)
  }

  startsSlowly(which: number): void {
    const { promise, resolve } = Promise.withResolvers<Launch>()
    const process = this.#newProcess(which, resolve)
    if (process === undefined) return
    this.#processes.push(process)
    const started = process.session.real.processes.start(process.id, promise, nobody) as Promise<void>
    started.catch((error: unknown) => {
      if (!(error instanceof GatewayError) || !error.message.endsWith('start was cancelled')) throw error
    })
  }

  async isPrepared(which: number): Promise<void> {
    const process = pick(this.#processes, which)
    if (process === undefined) return
    process.prepare(launchOf(process.program))
    await turnOfTheLoop()
    if (process.phase === 'starting') this.#isRunning(process)
    else if (process.phase === 'cancelled') expect(this.#childOf(process)).toBeUndefined()
  }

  /** Its connection does, after some more events have arrived, confirmed or not. */
  breaks(which: number): void {
    const session = pick(this.#sessions, which)
    if (session?.state !== 'attached') return
    session.client.hears(which)
    session.state = { expiresAt: performance.now() + detachedSessionMs }
    session.real.detach(session.owner)
  }

  /** A connection that lost the session before. */
  leavesLate(which: number): void {
    const session = pick(this.#sessions, which)
    if (session?.formerOwner !== undefined) session.real.detach(session.formerOwner)
  }

  resumes(which: number, maxBytes: number | undefined): void {
    const session = pick(this.#sessions, which)
    if (session !== undefined) this.#takesUp(session, maxBytes)
  }

  hears(which: number): void {
    this.#attached(which)?.client.hears(which * which)
  }

  confirms(which: number): void {
    this.#attached(which)?.client.confirms()
  }

  hasNoRoom(which: number): void {
    const session = this.#attached(which)
    if (session !== undefined) session.client.delivery.hasRoom = false
  }

  hasRoom(which: number): void {
    this.#attached(which)?.client.delivery.makeRoom()
  }

  reads(which: number, maxBytes: number | undefined): void {
    const process = pick(this.#processes, which)
    if (process?.session.state === 'attached') this.#readOn(process, maxBytes)
  }

  signals(which: number): void {
    const process = pick(this.#processes, which)
    if (process?.session.state !== 'attached' || process.phase === 'starting') return
    const before = process.child?.signals.length
    void process.session.real.processes.signal(process.id, 'interrupt')
    expect(process.child?.signals.length).toBe(process.phase === 'running' ? (before ?? 0) + 1 : before)
  }

  writes(which: number): void {
    const process = pick(this.#processes, which)
    if (process?.session.state !== 'attached' || process.phase === 'starting') return
    // Whether it is taken, waits for room or fails is what other tests are about.
    try {
      const written = process.session.real.processes.write(
        process.id,
        { writeId: `${which}`, bytes: Buffer.from('x') },
        idle,
      )
      void Promise.resolve(written).catch(() => {})
    } catch {}
  }

  async terminates(which: number): Promise<void> {
    const process = pick(this.#processes, which)
    if (process?.session.state !== 'attached') return
    const isThere = process.phase === 'starting' || process.phase === 'running'
    expect(process.session.real.processes.terminate(process.id)).toBe(isThere)
    if (process.phase === 'starting') process.phase = 'cancelled'
    this.#completes(process, 'terminated')
    await turnOfTheLoop()
  }

  // What processes do

  says(which: number, bytes: number): void {
    const process = pick(this.#processes, which)
    const child = process?.child
    const stream = bytes % 3 === 0 ? 'stderr' : 'stdout'
    if (process === undefined || child === undefined || child.isPaused || !child.isOpen(stream)) return
    const text = `${process.program} ${process.said[stream].length};`.repeat(bytes).slice(0, bytes)
    child.says(text, stream)
    const { state, real } = process.session
    if (state !== 'ended') process.said[stream].push(Buffer.from(text))
    if (typeof state !== 'object') return
    const retained = [...real.processes.summaries()].find(({ id }) => id === process.id)?.retainedBytes
    expect(retained, 'kept for a client that is away').toBeLessThanOrEqual(
      this.#host.limits.detachedOutputBytes + bytes,
    )
  }

  exits(which: number): void {
    const process = pick(this.#processes, which)
    this.#completes(process, which === 0 ? 'success' : 'error')
    process?.child?.exits(which)
  }

  finishes(which: number): void {
    const process = pick(this.#processes, which)
    this.#completes(process, which === 0 ? 'success' : 'error')
    process?.child?.finishes(which)
  }

  endsStream(which: number): void {
    pick(this.#processes, which)?.child?.endsStream(which % 2 === 0 ? 'stdout' : 'stderr')
  }

  // What time does

  async timePasses(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms)
    for (const session of this.#sessions) {
      if (typeof session.state === 'object' && session.state.expiresAt <= performance.now()) this.#isEnded(session)
    }
  }

  async end(): Promise<void> {
    const ended = this.#registry.endAll(100)
    for (const session of this.#sessions) this.#isEnded(session)
    await vi.advanceTimersByTimeAsync(100 + 2 * graceMs)
    await ended
    expect([...this.#registry]).toEqual([])
  }

  // What must be true

  /** To be called after whatever happened. */
  expectAgreement(): void {
    for (const { real, state, owner } of this.#sessions) {
      expect(real.state).toBe(typeof state === 'object' ? 'detached' : state === 'ended' ? 'ending' : state)
      if (state === 'attached') expect(real.owner).toBe(owner)
    }
    const living = this.#sessions.filter(({ state }) => state !== 'ended')
    const found = new Set([...this.#registry].filter(({ state }) => state !== 'ending'))
    expect(found).toEqual(new Set(living.map(({ real }) => real)))
  }

  /** Clients of sessions that live know everything, and so does whoever reads what is retained in pages of such sizes. */
  expectNothingLost(pageBytes: readonly number[]): void {
    for (const session of this.#sessions) {
      if (session.state === 'ended') continue
      this.#takesUp(session, undefined)
      session.client.delivery.makeRoom()
      for (const process of this.#processes.filter(each => each.session === session && each.child !== undefined)) {
        this.#readOn(process, undefined)
        session.client.hears(Infinity)
        const heard = session.client.process(process.id)
        heard.expectWhole()
        for (const stream of ['stdout', 'stderr'] as const) {
          expect(heard.output(stream).equals(Buffer.concat(process.said[stream])), `${process.program} ${stream}`).toBe(
            true,
          )
        }
        expectPaged(process, heard, pageBytes)
      }
    }
  }

  expectOneCompletionEach(): void {
    const expected = { success: 0, error: 0, terminated: 0, unknown: 0 }
    for (const { completion } of this.#processes) if (completion !== undefined) expected[completion] += 1
    expect(this.#host.metrics.finished).toEqual(expected)
    expect(this.#host.engine.children).toHaveLength(expected.success + expected.error + expected.terminated)
  }

  #takesUp(session: ModelledSession, maxBytes: number | undefined): void {
    const { state, real, client, owner: before } = session
    if (typeof state === 'string') {
      const probes = vi.mocked(before.probe).mock.calls.length
      const kind = state === 'attached' ? 'sessionAttached' : 'invalidRequest'
      expect(() => this.#registry.resume(real.id, ownerOf(client))).toThrow(expect.objectContaining({ kind }) as Error)
      expect(before.probe).toHaveBeenCalledTimes(probes + (state === 'attached' ? 1 : 0))
      return
    }
    client.reconnects()
    const owner = ownerOf(client)
    expect(this.#registry.resume(real.id, owner)).toBe(real)
    Object.assign(session, { owner, formerOwner: before, state: 'attached' })
    for (const process of this.#processes) if (process.session === session) this.#readOn(process, maxBytes)
  }

  #newProcess(which: number, prepare: (launch: Launch) => void = () => {}): ModelledProcess | undefined {
    const session = this.#attached(which)
    if (session === undefined) return undefined
    const id = `p${this.#processes.length % 7}`
    if (this.#processes.some(other => other.session === session && other.id === id && other.phase !== 'cancelled')) {
      expect(() => session.real.processes.refuseTaken(id)).toThrow('already exists')
      return undefined
    }
    const program = `${id} of ${session.real.number}, ${this.#processes.length}`
    const said = { stdout: [], stderr: [] }
    return { id, program, session, prepare, phase: 'starting', child: undefined, completion: undefined, said }
  }

  #childOf({ program }: ModelledProcess): FakeChild | undefined {
    return this.#host.engine.children.find(({ launch }) => launch.argv[0] === program)
  }

  #isRunning(process: ModelledProcess): void {
    process.phase = 'running'
    process.child = this.#childOf(process)
    expect(process.child, process.program).toBeDefined()
  }

  #isEnded(session: ModelledSession): void {
    session.state = 'ended'
    for (const process of this.#processes.filter(each => each.session === session)) {
      if (process.phase === 'starting') process.phase = 'cancelled'
      this.#completes(process, 'terminated')
    }
  }

  /** The first to say how a process ended is right. */
  #completes(process: ModelledProcess | undefined, completion: NonNullable<ModelledProcess['completion']>): void {
    if (process?.phase !== 'running') return
    process.phase = 'exited'
    process.completion = completion
  }

  #attached(which: number): ModelledSession | undefined {
    const session = pick(this.#sessions, which)
    return session?.state === 'attached' ? session : undefined
  }

  #readOn(process: ModelledProcess, maxBytes: number | undefined): void {
    if (process.child === undefined) return
    const { client } = process.session
    for (let afterSeq = client.process(process.id).lastSeq; ;) {
      const page = pageOf(process, afterSeq, maxBytes)
      afterSeq = client.takes(process.id, afterSeq, page)
      if (page.chunks.length === 0 || maxBytes === undefined) return client.infers(process.id, page)
    }
  }
}

function ownerOf({ delivery }: ModelledClient): SessionOwner {
  return { delivery, probe: vi.fn() }
}

/** One of the latest, if there are any: what happens to the same ones again and again is more than what happens to many. */
function pick<Item>(items: readonly Item[], which: number): Item | undefined {
  return items.at(-1 - (which % Math.min(items.length, latest)))
}
