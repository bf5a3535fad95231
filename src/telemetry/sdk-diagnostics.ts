import type { DiagLogger } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { shorten } from '../protocol/text-excerpt.ts'
import type { Signal } from './otlp-environment.ts'

/** Complaints of one kind that are told apart. */
const maxComplaints = 100

/** How the exporters begin what they say about a `partialSuccess`; what the collector answered follows as JSON. */
const partialSuccess = 'Received Partial Success response:'

/** What the SDK says when it goes on after it had no room for spans. */
const spansDropped = /^Dropped \d+ spans because maxQueueSize reached$/

/** Members of a `partialSuccess` by the signal whose exports are answered with them. */
const rejections: readonly (readonly [member: string, signal: Signal])[] = [
  ['rejectedDataPoints', 'metrics'],
  ['rejectedSpans', 'traces'],
  ['rejectedLogRecords', 'logs'],
]

export interface SdkDiagnosticsOptions {
  readonly log: Logger
  /** A batch was taken, but not all of it, or what was to go into it was given up. */
  readonly rejected: (signal: Signal) => void
}

/**
 * What the SDK complains about, as records of the log, once each: a collector that is away would fill it. That is also where
 * a collector's word arrives that it did not take all of a batch.
 */
export function sdkDiagnostics({ log, rejected }: SdkDiagnosticsOptions): DiagLogger {
  const said = new Set<string>()
  const once = (text: string, fields: object = {}) => {
    if (said.has(text) || said.size > maxComplaints) return
    said.add(text)
    log.warn({ source: 'opentelemetry', ...fields }, text)
  }
  return {
    error: text => {
      const { data, ...failure } = parsed(text)
      once(data === undefined ? text : JSON.stringify(failure), answerOf(data))
    },
    warn: (text, ...details) => {
      if (spansDropped.test(text)) {
        rejected('traces')
        return once('spans come faster than the collector takes them')
      }
      if (!text.endsWith(partialSuccess)) return once(text)
      const { signal, message } = readPartialSuccess(details[0])
      if (signal !== undefined) rejected(signal)
      const what = signal === undefined ? 'the collector has a remark' : `the collector rejects a part of the ${signal}`
      once(what, message === undefined ? {} : { message })
    },
    info: () => {},
    debug: () => {},
    verbose: () => {},
  }
}

/** An export that failed, as the log shows it: of what the collector answered, which may be a page of megabytes, the beginning. */
export function failureFields(error: Error | undefined): object {
  if (error === undefined) return {}
  const { data }: Error & { data?: unknown } = error
  // The same error without its answer.
  const err: unknown = Object.create(error, { data: { value: undefined, enumerable: true } })
  return { err, ...answerOf(data) }
}

function answerOf(data: unknown): { message?: string } {
  return typeof data === 'string' && data !== '' ? { message: shorten(data) } : {}
}

/** The number is the collector's claim, as is the text: neither is believed further than that something was rejected. */
function readPartialSuccess(detail: unknown): { signal: Signal | undefined; message: string | undefined } {
  const answer = parsed(detail)
  const [, signal] = rejections.find(([member]) => Number(answer[member]) > 0) ?? []
  const { errorMessage } = answer
  return { signal, message: typeof errorMessage === 'string' ? shorten(errorMessage) : undefined }
}

function parsed(detail: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(String(detail))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
