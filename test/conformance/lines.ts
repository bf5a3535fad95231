import { base64, type Pattern, type PatternObject } from './patterns.ts'
import type { RetriedRequest, Step, Stream, Tag } from './transcript.ts'

/** Connections are `main` unless a step says otherwise. */
const main = 'main'

export const connect = (on = main): Step => ({ on, step: 'connect' })
export const send = (message: PatternObject, on = main): Step => sendText(JSON.stringify(message), on)
export const sendText = (text: string, on = main): Step => ({ on, step: 'send', text, asBytes: false })
export const sendAsBytes = (message: PatternObject, on = main): Step => {
  return { on, step: 'send', text: JSON.stringify(message), asBytes: true }
}
export const sendBytes = (bytes: readonly number[], on = main): Step => ({ on, step: 'send bytes', bytes })

/** The message with the id, or about the event, that the pattern names. Replies and events may come in any order. */
export const expect = (tag: Tag, message: PatternObject, on = main): Step => ({ on, step: 'expect', tag, message })

/** Asks, each time with another id, until the answer is as expected: what the request waits for is not announced. */
export const retry = (tag: Tag, request: RetriedRequest, outcome: PatternObject, on = main): Step => {
  return { on, step: 'retry', tag, request, outcome }
}

/** All the process has printed on the stream, put together in the order of its numbers. Waits until it is there. */
export const prints = (tag: Tag, processId: string, stream: Stream, text: string, on = main): Step => {
  return { on, step: 'prints', tag, processId, stream, text }
}

/** Exited and closed, with numbers that have no gap and end with the close. */
export const ends = (tag: Tag, processId: string, exitCode: Pattern, on = main): Step => {
  return { on, step: 'ends', tag, processId, exitCode }
}

/** The events of the process came in the order of their numbers. */
export const inOrder = (tag: Tag, processId: string, on = main): Step => ({ on, step: 'in order', tag, processId })

/** One reply came before another, both claimed by earlier steps. */
export const before = (tag: Tag, earlier: number | string, later: number | string, on = main): Step => {
  return { on, step: 'before', tag, earlier, later }
}

/** Lets through whoever waits at the gate, and waits until somebody does. */
export const openGate = (gate: string): Step => ({ on: main, step: 'open gate', gate })

export const close = (on = main): Step => ({ on, step: 'close' })
export const cut = (on = main): Step => ({ on, step: 'cut' })

/** The connection is over without another reply. On standard streams the code is the exit status. */
export const over = (tag: Tag, ending: PatternObject = {}, on = main): Step => ({ on, step: 'over', tag, ending })

/** A connection that is ready, in a session remembered by the name of the connection. */
export const shakeHands = (on = main): Step[] => [
  connect(on),
  send({ id: 'hello', method: 'initialize', params: { clientName: 'conformance', resumeSessionId: null } }, on),
  expect('shape', { id: 'hello', result: { sessionId: { varies: 'uuid', as: on } } }, on),
  send({ method: 'initialized', params: {} }, on),
]

/** A request that starts a shell script in /tmp with an empty environment, unless told otherwise. */
export const start = (
  id: number | string,
  processId: string,
  program: string | readonly string[],
  more: PatternObject = {},
  on = main,
): Step => {
  const argv = typeof program === 'string' ? ['/bin/sh', '-c', program] : program
  return send(
    { id, method: 'process/start', params: { processId, argv, cwd: 'file:///tmp', env: {}, tty: false, ...more } },
    on,
  )
}

/** A start and its answer. */
export const starts = (...request: Parameters<typeof start>): Step[] => {
  const [id, processId, , , on] = request
  return [start(...request), expect('exact', { id, result: { processId, sandboxType: 'none' } }, on)]
}

export const write = (id: number | string, processId: string, writeId: string, text: string, on = main): Step => {
  return send({ id, method: 'process/write', params: { processId, chunk: base64(text), writeId } }, on)
}

export const terminate = (id: number | string, processId: string, on = main): Step => {
  return send({ id, method: 'process/terminate', params: { processId } }, on)
}

export const read = (id: number | string, processId: string, more: PatternObject = {}, on = main): Step => {
  return send({ id, method: 'process/read', params: { processId, ...more } }, on)
}

/** The answer to a read: unless told otherwise, nothing new of a process that runs. */
export const pageResult = (different: PatternObject): PatternObject => ({
  result: {
    chunks: [],
    exited: false,
    exitCode: null,
    closed: false,
    failure: null,
    sandboxDenied: false,
    ...different,
  },
})

export const page = (id: number | string, different: PatternObject): PatternObject => ({ id, ...pageResult(different) })

export const chunk = (seq: number, stream: Stream, content: string | readonly number[]): PatternObject => {
  return { seq, stream, chunk: base64(content) }
}

export const output = (processId: string, ...part: Parameters<typeof chunk>): PatternObject => {
  return { method: 'process/output', params: { processId, ...chunk(...part) } }
}

export const exited = (processId: string, seq: number, exitCode: number): PatternObject => {
  return { method: 'process/exited', params: { processId, seq, exitCode, sandboxDenied: false } }
}

export const closed = (processId: string, seq: number): PatternObject => ({
  method: 'process/closed',
  params: { processId, seq },
})

export const refused = (id: number | string | bigint, code: number, message: Pattern): PatternObject => ({
  id,
  error: { code, message },
})
