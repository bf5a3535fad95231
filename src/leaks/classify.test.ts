import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify, type LaunchFacts, type RegistryFacts } from './classify.ts'
import { markOf, parseMark } from './marker.ts'
import type { ScannedProcess } from './scan.ts'

const gatewayPid = 100
const gateway = { instance: 'i', bootId: 'b', pidNamespace: '4026531836', pid: gatewayPid, startTicks: 7 }

function scanned(pid: number, launch: number | undefined, more: Partial<ScannedProcess> = {}): ScannedProcess {
  const mark = launch === undefined ? undefined : markOf(gateway, { session: 1, launch })
  return { pid, state: 'S', parent: gatewayPid, session: pid, startTicks: pid * 10, mark, ...more }
}

function facts(launches: Partial<LaunchFacts>[], liveSessions: number[] = [1]): RegistryFacts {
  return {
    now: 100_000,
    liveSessions: new Set(liveSessions),
    lastLaunch: 900,
    attribute: launch => (launch < 880 ? { session: 1, processId: `p${launch}`, traceId: undefined } : undefined),
    launches: launches.map((launch, index) => ({
      launch: index + 1,
      pid: 1000 + index,
      state: 'running',
      exitedAt: undefined,
      killedAt: undefined,
      ...launch,
    })),
  }
}

const reasons = (processes: ScannedProcess[], known: RegistryFacts) =>
  classify(processes, known, gatewayPid).findings.map(({ reason, pid }) => `${pid} ${reason}`)

describe('a census', () => {
  it('finds nothing wrong with what runs, with what it started, and with what stayed of a live session', () => {
    const processes = [
      scanned(1000, 1),
      scanned(1005, 1),
      scanned(1006, undefined, { session: 1000 }),
      scanned(1007, 2),
    ]
    expect(classify(processes, facts([{}]), gatewayPid)).toEqual({ leaders: 1, descendants: 3, findings: [] })
  })

  it.each([
    ['whose session has ended', scanned(7, 1), facts([], []), ['7 ownerless']],
    ['that was never launched', scanned(7, 950), facts([]), ['7 unregistered']],
    ['whose session lives although its launch is forgotten', scanned(7, 890), facts([]), []],
    ['that came home and is not waited for', scanned(7, undefined, { state: 'Z' }), facts([]), ['7 zombie']],
    ['that is dead and somebody else’s', scanned(7, undefined, { state: 'Z', parent: 1 }), facts([]), []],
    ['that is about to be waited for', scanned(1000, undefined, { state: 'Z' }), facts([{}]), []],
    ['that SIGKILL has not ended', scanned(1000, 1), facts([{ killedAt: 0 }]), ['1000 kill_pending']],
    ['that was killed a moment ago', scanned(1000, 1), facts([{ killedAt: 99_999 }]), []],
    ['that belongs to the gateway itself', scanned(7, undefined), facts([]), []],
  ])('judges a process %s', (_what, process, known, expected) => {
    expect(reasons([process], known)).toEqual(expected)
  })

  it('tells of streams that are held long after the exit', () => {
    expect(reasons([], facts([{ state: 'exited', exitedAt: 0 }]))).toEqual(['1000 held_stream'])
    expect(reasons([], facts([{ state: 'exited', exitedAt: 99_999 }]))).toEqual([])
    expect(reasons([], facts([{ state: 'closed', exitedAt: 0 }]))).toEqual([])
  })

  it('counts every living process once, as a leader or not, and finds none twice', () => {
    const process = fc.record({
      pid: fc.integer({ min: 1000, max: 1010 }),
      launch: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
      state: fc.constantFrom('S', 'R', 'D', 'Z'),
      session: fc.integer({ min: 1000, max: 1010 }),
    })
    fc.assert(
      fc.property(fc.uniqueArray(process, { selector: ({ pid }) => pid }), fc.boolean(), (processes, isAlive) => {
        const all = processes.map(({ pid, launch, state, session }) => scanned(pid, launch, { state, session }))
        const census = classify(all, facts([{}, {}], isAlive ? [1] : []), gatewayPid)
        const living = all.filter(({ state }) => state !== 'Z').length
        expect(census.leaders + census.descendants).toBeLessThanOrEqual(living)
        expect(census.leaders).toBeLessThanOrEqual(2)
        expect(new Set(census.findings.map(({ pid }) => pid)).size).toBe(census.findings.length)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a mark', () => {
  it('says which gateway and which launch', () => {
    expect(parseMark(markOf(gateway, { session: 3, launch: 42 }))).toEqual({ gateway, session: 3, launch: 42 })
  })

  it.each([
    '',
    'i',
    'i:b:1:2:3:4',
    'i:b:1:2:3:4:5:6',
    'i:b:1:-2:3:4:5',
    'i:b:1:2:3:4e1:5',
    ':b:1:2:3:4:5',
    'i:b:1:2:3:4:99999999999999999',
  ])('is not %j, which a process may have written itself', text => {
    expect(parseMark(text)).toBeUndefined()
  })
})
