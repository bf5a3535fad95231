import { describe, expect, test } from 'vitest'
import type { ShownProcess, ShownState } from '../../gateway/operator-schemas.ts'
import { listProcesses } from './ps.ts'

const build: ShownProcess = {
  session: 3,
  sessionState: 'attached',
  id: 'build',
  state: 'running',
  pid: 4711,
  ageMs: 61_000,
  retainedBytes: 2048,
  queuedInputBytes: 0,
  isHeldBack: false,
  polls: 1,
}
const held: ShownProcess = { ...build, session: 12, sessionState: 'detached', id: 'a/b', isHeldBack: true, pid: 5 }
const closed: ShownProcess = { ...build, id: 'over', state: 'closed', pid: null }

function stateOf(listed: ShownProcess[], count = listed.length): ShownState {
  return { isDraining: false, processes: { count, listed } }
}

const asText = { all: false, json: false }

describe('the table', () => {
  test('has a line for each process, with the address that kill takes first', () => {
    expect(listProcesses(stateOf([build, held]), asText)).toEqual({
      text: `PROCESS  STATE    PID   AGE  RETAINED  HELD BACK  INPUT  SESSION
3/build  running  4711  1m   2.0 KiB   no         0 B    attached
12/a/b   running  5     1m   2.0 KiB   yes        0 B    detached
`,
      notes: [],
    })
  })

  test('has a header alone when nothing runs', () => {
    expect(listProcesses(stateOf([]), asText).text.split('\n')).toHaveLength(2)
  })

  test('shows what has closed only on request', () => {
    expect(listProcesses(stateOf([build, closed]), asText).text).not.toContain('over')
    expect(listProcesses(stateOf([build, closed]), { ...asText, all: true }).text).toMatch(/^3\/over +closed +- /m)
  })

  test('keeps ids of clients from driving the terminal or filling it', () => {
    const id = `\u{1b}[2J${'x'.repeat(1000)}`
    const { text } = listProcesses(stateOf([{ ...build, id }]), asText)
    expect(text).toContain('3/\\u{1b}[2J')
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThan(200)
  })
})

describe('processes beyond those the gateway lists', () => {
  test('are told of', () => {
    expect(listProcesses(stateOf([build], 1001), asText).notes).toEqual(['1000 more processes are not listed'])
  })

  test('do not matter where they have closed and nobody asked for those', () => {
    expect(listProcesses(stateOf([build, closed], 9), asText).notes).toEqual([])
    expect(listProcesses(stateOf([build, closed], 9), { ...asText, all: true }).notes).toEqual([
      '7 more processes are not listed',
    ])
  })
})

test('a gateway that shuts down is told of', () => {
  expect(listProcesses({ ...stateOf([build]), isDraining: true }, asText).notes).toEqual([
    'the gateway is shutting down',
  ])
})

test('JSON has the ids as they are', () => {
  const id = '\u{1b}[2J'
  const { text } = listProcesses(stateOf([{ ...build, id }], 2), { all: false, json: true })
  expect(JSON.parse(text)).toEqual({ isDraining: false, unlisted: 1, processes: [{ ...build, id }] })
})
