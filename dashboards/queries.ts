import { type KeysOf, metrics, type MetricAttributes, type MetricKey } from '../src/telemetry/catalogue.ts'

/** Chooses what the viewer chose above the panels. */
export const chosen = 'job=~"$job",instance=~"$instance"'

type Matchers<Key extends MetricKey> = {
  readonly [Name in keyof MetricAttributes<Key>]?:
    string | { readonly not: readonly MetricAttributes<Key>[Name][] } | readonly MetricAttributes<Key>[Name][]
}

/** `name{…}` of a metric of the catalogue. */
export function series<Key extends MetricKey>(key: Key, matchers: Matchers<Key> = {}, suffix = ''): string {
  const matched = Object.entries(matchers).map(([label, value]) => {
    if (typeof value === 'string') return `${label}="${value}"`
    if (Array.isArray(value)) return `${label}=~"${value.join('|')}"`
    return `${label}!~"${(value as { not: readonly string[] }).not.join('|')}"`
  })
  return `${metrics[key].name}${suffix}{${[chosen, ...matched].join(',')}}`
}

/** How much a total grows in a second, summed up by labels. */
export function rate<Key extends KeysOf<'counter'>>(
  key: Key,
  by: readonly string[] = [],
  matchers: Matchers<Key> = {},
): string {
  return `${sumBy(by)}(rate(${series(key, matchers)}[$__rate_interval]))`
}

/** How often a histogram was recorded in a second. */
export function countRate<Key extends KeysOf<'histogram'>>(
  key: Key,
  by: readonly string[] = [],
  matchers: Matchers<Key> = {},
): string {
  return `${sumBy(by)}(rate(${series(key, matchers, '_count')}[$__rate_interval]))`
}

export function quantile<Key extends KeysOf<'histogram'>>(
  share: number,
  key: Key,
  by: readonly string[] = [],
  matchers: Matchers<Key> = {},
): string {
  return `histogram_quantile(${share}, ${sumBy(['le', ...by])}(rate(${series(key, matchers, '_bucket')}[$__rate_interval])))`
}

/** Share of a histogram beyond one of its bounds. */
export function shareBeyond<Key extends KeysOf<'histogram'>>(
  bound: number,
  key: Key,
  matchers: Matchers<Key> = {},
): string {
  if (!metrics[key].buckets?.includes(bound)) throw new RangeError(`${bound} is not a bucket of ${metrics[key].name}`)
  const within = series(key, { ...matchers, le: String(bound) }, '_bucket')
  return `1 - sum(rate(${within}[$__rate_interval])) / ${countRate(key, [], matchers)}`
}

export function total<Key extends KeysOf<'gauge'>>(
  key: Key,
  by: readonly string[] = [],
  matchers: Matchers<Key> = {},
): string {
  return `${sumBy(by)}(${series(key, matchers)})`
}

export function largest<Key extends KeysOf<'gauge'>>(
  key: Key,
  by: readonly string[] = [],
  matchers: Matchers<Key> = {},
): string {
  return `max${by.length === 0 ? '' : ` by (${by.join(', ')}) `}(${series(key, matchers)})`
}

function sumBy(labels: readonly string[]): string {
  return labels.length === 0 ? 'sum' : `sum by (${labels.join(', ')}) `
}
