import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

const makers: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: ratio => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: ratio => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
}

const defaultSampler = 'parentbased_always_on'

/**
 * The sampler of `OTEL_TRACES_SAMPLER`, by the names of the OpenTelemetry specification. It decides by parent and trace
 * id alone, so asking it twice gives the same answer: once for what a process is told, once when the span is made.
 */
export function readSampler(
  environment: Readonly<Record<string, string | undefined>>,
  warn: (problem: string) => void,
): Sampler {
  const name = environment['OTEL_TRACES_SAMPLER']?.trim() || defaultSampler
  const maker = Object.hasOwn(makers, name) ? makers[name] : undefined
  if (maker === undefined) warn(`OTEL_TRACES_SAMPLER names no sampler; ${defaultSampler} is used`)
  return (maker ?? (() => readSampler({}, warn)))(name.endsWith('ratio') ? readRatio(environment, warn) : 1)
}

function readRatio(environment: Readonly<Record<string, string | undefined>>, warn: (problem: string) => void): number {
  const text = environment['OTEL_TRACES_SAMPLER_ARG']?.trim() ?? ''
  const ratio = Number(text)
  if (text !== '' && ratio >= 0 && ratio <= 1) return ratio
  warn('OTEL_TRACES_SAMPLER_ARG is not a ratio from 0 to 1; 1 is used')
  return 1
}
