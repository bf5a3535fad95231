import { ROOT_CONTEXT, SpanKind, trace, TraceFlags } from '@opentelemetry/api'
import { SamplingDecision } from '@opentelemetry/sdk-trace'
import { expect, it } from 'vitest'
import { readSampler } from './sampler.ts'

const low = '0'.repeat(31) + '1'
const high = 'f'.repeat(8) + '0'.repeat(24)

function read(name?: string, argument?: string) {
  const warnings: string[] = []
  const sampler = readSampler({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument }, problem => {
    warnings.push(problem)
  })
  const keeps = (traceId: string, parentFlags?: TraceFlags) => {
    const spanContext = { traceId, spanId: '1'.repeat(16), traceFlags: parentFlags ?? 0, isRemote: true }
    const context = parentFlags === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContext)
    const { decision } = sampler.shouldSample(context, traceId, 'name', SpanKind.SERVER, {}, [])
    return decision === SamplingDecision.RECORD_AND_SAMPLED
  }
  return { keeps, warnings }
}

it.each([
  [undefined, undefined, { root: [true, true], sampled: true, unsampled: false }],
  ['', undefined, { root: [true, true], sampled: true, unsampled: false }],
  ['always_on', undefined, { root: [true, true], sampled: true, unsampled: true }],
  ['always_off', undefined, { root: [false, false], sampled: false, unsampled: false }],
  ['traceidratio', '0.5', { root: [true, false], sampled: true, unsampled: true }],
  ['parentbased_always_on', undefined, { root: [true, true], sampled: true, unsampled: false }],
  ['parentbased_always_off', undefined, { root: [false, false], sampled: true, unsampled: false }],
  ['parentbased_traceidratio', ' 0.5 ', { root: [true, false], sampled: true, unsampled: false }],
] as const)('%s with %s decides as the specification says', (name, argument, expected) => {
  const { keeps, warnings } = read(name, argument)
  expect(warnings).toEqual([])
  expect({
    root: [keeps(low), keeps(high)],
    sampled: keeps(low, TraceFlags.SAMPLED),
    unsampled: keeps(low, TraceFlags.NONE),
  }).toEqual(expected)
})

it.each([
  ['dice', undefined, 'OTEL_TRACES_SAMPLER names no sampler; parentbased_always_on is used'],
  ['constructor', undefined, 'OTEL_TRACES_SAMPLER names no sampler; parentbased_always_on is used'],
  ['traceidratio', undefined, 'OTEL_TRACES_SAMPLER_ARG is not a ratio from 0 to 1; 1 is used'],
  ['traceidratio', '2', 'OTEL_TRACES_SAMPLER_ARG is not a ratio from 0 to 1; 1 is used'],
  ['parentbased_traceidratio', 'half', 'OTEL_TRACES_SAMPLER_ARG is not a ratio from 0 to 1; 1 is used'],
])('%s with %s is warned of and keeps everything', (name, argument, warning) => {
  const { keeps, warnings } = read(name, argument)
  expect(warnings).toEqual([warning])
  expect(keeps(high)).toBe(true)
})
