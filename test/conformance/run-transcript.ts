import type { Ending, Inbox, Message } from './inbox.ts'
import {
  type Comparison,
  differenceFrom,
  isObject,
  type Json,
  Names,
  type PatternObject,
  show,
  text,
} from './patterns.ts'
import { ProcessEvents } from './process-events.ts'
import { Stagehand } from './stagehand.ts'
import type { Dialect, Step, Tag, Transcript } from './transcript.ts'
import { Web } from './web.ts'
import type { Wire } from './wire.ts'

/** A server that transcripts can be held against. */
export interface Endpoint {
  readonly dialect: Dialect
  connect(): Promise<Wire>
}

/** Goes through a transcript step by step. @throws at the first line the server does not keep to */
export async function runTranscript(transcript: Transcript, endpoint: Endpoint): Promise<void> {
  await using acquired = new AsyncDisposableStack()
  const names = new Names()
  const { gates, web } = transcript
  const stagehand = gates && acquired.use(await Stagehand.prepare(await endpoint.connect(), gates))
  if (stagehand !== undefined) names.remember('scratch', stagehand.scratch)
  if (web !== undefined) names.remember('web', acquired.use(await Web.start(web)).url)
  const run = new Run({ endpoint, names, stagehand, acquired })
  for (const [index, step] of transcript.steps.entries()) {
    try {
      await run.take(step)
    } catch (error) {
      throw new Error(`step ${index + 1}, ${describe(step)}\n${String(error)}\n${run.transcriptOf(step.on)}`, {
        cause: error,
      })
    }
  }
  run.refuseUnasked()
}

interface RunOptions {
  readonly endpoint: Endpoint
  readonly names: Names
  readonly stagehand: Stagehand | undefined
  /** Where connections are left to be ended. */
  readonly acquired: AsyncDisposableStack
}

class Run {
  readonly #options: RunOptions
  readonly #wires = new Map<string, Wire>()
  /** Replies that only the other dialect is held to. */
  readonly #excused = new Set<Json>()
  #retries = 0

  constructor(options: RunOptions) {
    this.#options = options
  }

  async take(step: Step): Promise<void> {
    if (step.step === 'connect') {
      const wire = this.#options.acquired.use(await this.#options.endpoint.connect())
      this.#wires.set(step.on, wire)
      return
    }
    const wire = this.#wires.get(step.on)
    if (wire === undefined) throw new Error(`there is no connection ${step.on}`)
    if ('tag' in step && !this.#isHeldTo(step.tag)) {
      if (step.step === 'expect') this.#excused.add(step.message['id'] as Json)
      return
    }
    await this.#takeOn(wire, step)
  }

  /** Everything received on a connection, for the report of a failure. */
  transcriptOf(connection: string): string {
    const messages = this.#wires.get(connection)?.inbox.messages ?? []
    return ['received:', ...messages.map(({ value }) => `  ${show(value)}`)].join('\n')
  }

  /** @throws when there is a reply that no line speaks of */
  refuseUnasked(): void {
    for (const [name, { inbox }] of this.#wires) this.#refuseUnaskedIn(inbox, name)
  }

  async #takeOn(wire: Wire, step: Exclude<Step, { step: 'connect' }>): Promise<void> {
    const { names, stagehand } = this.#options
    switch (step.step) {
      case 'send': {
        const filled = names.fillIn(step.text)
        return step.asBytes ? wire.sendBytes(Buffer.from(filled)) : wire.send(filled)
      }
      case 'send bytes':
        return wire.sendBytes(Buffer.from(step.bytes))
      case 'expect': {
        const message = await this.#claim(wire.inbox, step.message)
        return this.#compare(step.tag, step.message, message.value)
      }
      case 'retry':
        return this.#retry(wire, step)
      case 'prints': {
        const content = Buffer.from(names.fillIn(step.text)).toString('latin1')
        const printed = await wire.inbox.until(`the output of ${step.processId}`, () => {
          const soFar = new ProcessEvents(wire.inbox.messages, step.processId).printed(step.stream)
          return soFar.length >= content.length ? soFar : undefined
        })
        return refuse(printed === content, () => `${JSON.stringify(printed)} instead of ${JSON.stringify(content)}`)
      }
      case 'ends':
        return this.#expectEnd(wire.inbox, step)
      case 'in order': {
        const events = new ProcessEvents(wire.inbox.messages, step.processId)
        return refuse(events.isInOrder, () => 'the events came out of order')
      }
      case 'before': {
        const positions = [step.earlier, step.later].map(id =>
          wire.inbox.messages.findIndex(message => idOf(message) === id),
        )
        const [earlier = -1, later = -1] = positions
        return refuse(earlier !== -1 && earlier < later, () => `they came at ${positions.join(' and ')}`)
      }
      case 'open gate':
        return stagehand?.openGate(step.gate)
      case 'close':
        return wire.close()
      case 'cut':
        return wire.cut()
      case 'over': {
        const ending = await wire.inbox.until<Ending>('the end of the connection', () => wire.inbox.ending)
        this.#refuseUnaskedIn(wire.inbox, step.on)
        return this.#compare('shape', step.ending, { ...ending })
      }
    }
  }

  /** The first message nobody has claimed that answers the request, or tells of the event, the pattern names. */
  async #claim(inbox: Inbox, pattern: PatternObject): Promise<Message> {
    const message = await inbox.until(show(pattern), () => {
      return inbox.messages.find(candidate => !candidate.isClaimed && isAbout(candidate.value, pattern))
    })
    message.isClaimed = true
    return message
  }

  async #retry(wire: Wire, { tag, request, outcome }: Extract<Step, { step: 'retry' }>): Promise<void> {
    const start = performance.now()
    for (;;) {
      const id = `retry-${this.#retries++}`
      wire.send(this.#options.names.fillIn(JSON.stringify({ id, ...request })))
      const reply = await this.#claim(wire.inbox, { id })
      try {
        return this.#compare(tag, { id, ...outcome }, reply.value)
      } catch (error) {
        if (performance.now() - start > retryMs) throw error
      }
    }
  }

  async #expectEnd(inbox: Inbox, { tag, processId, exitCode }: Extract<Step, { step: 'ends' }>): Promise<void> {
    const events = await inbox.until(`the end of ${processId}`, () => {
      const soFar = new ProcessEvents(inbox.messages, processId)
      return soFar.isClosed && soFar.exitCode !== undefined && soFar.numberingFault === undefined ? soFar : undefined
    })
    this.#compare(tag, { exitCode }, { exitCode: events.exitCode ?? null })
  }

  #compare(tag: Tag, pattern: PatternObject, value: Json): void {
    const comparison: Comparison = { names: this.#options.names, mayHaveMore: tag === 'shape' }
    const expected = tag === 'shape' ? withoutWording(pattern) : pattern
    const difference = differenceFrom(expected, tag === 'shape' ? value : withoutErrorData(value), comparison)
    refuse(difference === undefined, () => difference ?? '')
  }

  #isHeldTo(tag: Tag): boolean {
    const { dialect } = this.#options.endpoint
    return tag === 'reference-only' ? dialect === 'reference' : tag === 'ours-only' ? dialect === 'execgate' : true
  }

  #refuseUnaskedIn(inbox: Inbox, name: string): void {
    const unasked = inbox.messages.find(message => {
      const id = idOf(message)
      return id !== undefined && !message.isClaimed && !this.#excused.has(id)
    })
    refuse(unasked === undefined, () => `nobody asked for this on ${name}: ${show(unasked?.value)}`)
  }
}

/** How long something that is not announced may take. */
const retryMs = 15_000

function refuse(isRight: boolean, explain: () => string): void {
  if (!isRight) throw new Error(explain())
}

function idOf({ value }: Message): Json | undefined {
  return isObject(value) ? value['id'] : undefined
}

function isAbout(value: Json, pattern: PatternObject): boolean {
  if (!isObject(value)) return false
  if (pattern['id'] !== undefined) return value['id'] === pattern['id']
  const [wanted, actual] = [pattern['params'], value['params']]
  if (value['method'] !== pattern['method'] || !isObject(actual) || !isObject(wanted as Json)) return false
  const { processId, requestId, seq } = wanted as PatternObject
  return (
    actual['processId'] === processId &&
    actual['requestId'] === requestId &&
    (typeof seq !== 'number' || actual['seq'] === seq)
  )
}

/** The literal wording of an error is free; a part of it that is called for is not. */
function withoutWording(pattern: PatternObject): PatternObject {
  const error = pattern['error'] as PatternObject | undefined
  return typeof error?.['message'] === 'string' ? { ...pattern, error: { ...error, message: text() } } : pattern
}

function withoutErrorData(value: Json): Json {
  if (!isObject(value) || !isObject(value['error'])) return value
  const { data: _data, ...error } = value['error']
  return { ...value, error }
}

function describe(step: Step): string {
  return `${JSON.stringify(step)}:`
}
