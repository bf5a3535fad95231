/** Attribute names with the closed set of values each may take. */
export type AttributeSets = Readonly<Record<string, readonly string[]>>

/** One value for each attribute. */
export type AttributesOf<Sets extends AttributeSets> = { readonly [Name in keyof Sets]: Sets[Name][number] }

/**
 * How a number comes to be. State and totals are observed at collection over plain numbers, so that they are reported
 * in every cycle under delta temporality too; a histogram is recorded as it happens.
 */
export type Instrument = 'gauge' | 'counter' | 'histogram'

/** Where the name comes from: fixed by the protocol's telemetry contract, or ours. */
export type Origin = 'contract' | 'later contract' | 'own'

export interface MetricDefinition<Kind extends Instrument = Instrument, Sets extends AttributeSets = AttributeSets> {
  readonly name: string
  readonly instrument: Kind
  /** UCUM, `undefined` for plain counts. The contract has no unit but seconds. */
  readonly unit: 's' | 'By' | undefined
  readonly help: string
  readonly attributes: Sets
  readonly isInteger: boolean
  readonly origin: Origin
  /** Upper bounds of a histogram's buckets. */
  readonly buckets: readonly number[] | undefined
  /** Attributes whose one value is known at the start of the program only. */
  readonly identity: readonly string[]
}

interface Details<Sets extends AttributeSets> {
  readonly help: string
  readonly unit?: 's' | 'By'
  readonly attributes?: Sets
  /** True unless said otherwise. */
  readonly isInteger?: boolean
  readonly origin?: Origin
  /** None unless said otherwise. */
  readonly identity?: readonly string[]
}

// oxlint-disable-next-line typescript/no-empty-object-type -- no attributes at all
type NoAttributes = {}

export function gauge<const Sets extends AttributeSets = NoAttributes>(
  name: string,
  details: Details<Sets>,
): MetricDefinition<'gauge', Sets> {
  return define('gauge', name, details, {})
}

export function counter<const Sets extends AttributeSets = NoAttributes>(
  name: string,
  details: Details<Sets>,
): MetricDefinition<'counter', Sets> {
  return define('counter', name, details, {})
}

export function histogram<const Sets extends AttributeSets = NoAttributes>(
  name: string,
  details: Details<Sets> & { readonly buckets: readonly number[] },
): MetricDefinition<'histogram', Sets> {
  return define('histogram', name, details, { buckets: details.buckets, isInteger: false })
}

/** The most series a metric can have in one instance: what Prometheus stores for it. */
export function seriesBound({ attributes, buckets }: MetricDefinition): number {
  const combinations = Object.values(attributes).reduce((product, values) => product * values.length, 1)
  // Each bucket with the one for everything, the sum and the count.
  return buckets === undefined ? combinations : combinations * (buckets.length + 3)
}

function define<Kind extends Instrument, Sets extends AttributeSets>(
  instrument: Kind,
  name: string,
  details: Details<Sets>,
  special: { buckets?: readonly number[]; isInteger?: boolean },
): MetricDefinition<Kind, Sets> {
  return {
    name,
    instrument,
    unit: details.unit,
    help: details.help,
    attributes: details.attributes ?? ({} as Sets),
    isInteger: special.isInteger ?? details.isInteger ?? true,
    origin: details.origin ?? 'own',
    buckets: special.buckets,
    identity: details.identity ?? [],
  }
}
