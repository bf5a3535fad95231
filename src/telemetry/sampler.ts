import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

const makers = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio: number) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio: number) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
}

type SamplerName = keyof typeof makers

const defaultSampler: SamplerName = 'parentbased_always_on'

/**
 * The sampler of `OTEL_TRACES_SAMPLER`, by the names of the OpenTelemetry specification. It decides by parent and trace
 * id alone, so asking it twice gives the same answer: once for what a process is told, once when the span is made.
 */
export function readSampler(
  environment: Readonly<Record<string, string | undefined>>,
  warn: (problem: string) => void,
): Sampler {
  const given = environment['OTEL_TRACES_SAMPLER']?.trim() || defaultSampler
  if (!isKnown(given)) warn(`OTEL_TRACES_SAMPLER names no sampler; ${defaultSampler} is used`)
  const name = isKnown(given) ? given : defaultSampler
  return makers[name](name.endsWith('ratio') ? readRatio(environment, warn) : 1)
}

function isKnown(name: string): name is SamplerName {
  return Object.hasOwn(makers, name)
}

function readRatio(environment: Readonly<Record<string, string | undefined>>, warn: (problem: string) => void): number {
  const text = environment['OTEL_TRACES_SAMPLER_ARG']?.trim() ?? ''
  const ratio = Number(text)
  if (text !== '' && ratio >= 0 && ratio <= 1) return ratio
  warn('OTEL_TRACES_SAMPLER_ARG is not a ratio from 0 to 1; 1 is used')
  return 1
}
