import { type KeysOf, type MetricAttributes, type MetricKey, metrics } from './catalogue.ts'
import type { MetricDefinition } from './metric.ts'

/** Reports one number of an observed metric. */
export type Observe<Key extends MetricKey> = (value: number, attributes: MetricAttributes<Key>) => void

/** One number of a counter. Whoever counts often looks it up once and keeps it. */
export class Cell {
  value = 0

  add(step = 1): void {
    this.value += step
  }
}

/** A total: plain numbers, one for each combination of its attributes, zeros included. */
export class Counter<Key extends KeysOf<'counter'>> {
  readonly #cells: ReadonlyMap<string, { readonly attributes: MetricAttributes<Key>; readonly cell: Cell }>

  constructor(key: Key) {
    this.#cells = new Map(
      combinations(metrics[key]).map(attributes => [
        cellKey(attributes),
        { attributes: attributes as MetricAttributes<Key>, cell: new Cell() },
      ]),
    )
  }

  /**
   * The number with these attributes, written in the order of the catalogue.
   * @throws RangeError for a value outside its set, which the types do not allow
   */
  at(attributes: MetricAttributes<Key>): Cell {
    const found = this.#cells.get(cellKey(attributes))
    if (found === undefined) throw new RangeError(`not in the catalogue: ${JSON.stringify(attributes)}`)
    return found.cell
  }

  add(attributes: MetricAttributes<Key>, step = 1): void {
    this.at(attributes).add(step)
  }

  value(attributes: MetricAttributes<Key>): number {
    return this.at(attributes).value
  }

  observe(observe: Observe<Key>): void {
    for (const { cell, attributes } of this.#cells.values()) observe(cell.value, attributes)
  }
}

/** Recorded before anybody listens: enough for the start of a program, while the SDK is loaded. */
const maxEarlyRecords = 10_000

/** A histogram. What is recorded before it is bound is kept for whoever binds it. */
export class Distribution<Key extends KeysOf<'histogram'>> {
  #early: { value: number; attributes: MetricAttributes<Key> }[] = []
  #record: Observe<Key> = (value, attributes) => {
    if (this.#early.length < maxEarlyRecords) this.#early.push({ value, attributes })
  }

  record(value: number, attributes: MetricAttributes<Key>): void {
    this.#record(value, attributes)
  }

  /** Hands everything recorded so far and from now on to `record`; to nobody without one. */
  bind(record: Observe<Key> = () => {}): void {
    this.#record = record
    for (const { value, attributes } of this.#early) record(value, attributes)
    this.#early = []
  }
}

type CounterTable = { readonly [Key in KeysOf<'counter'>]: Counter<Key> }
type DistributionTable = { readonly [Key in KeysOf<'histogram'>]: Distribution<Key> }

/** What a gateway counts and measures, by the keys of the catalogue. Gauges are read where their state is. */
export type Instruments = CounterTable & DistributionTable

export function createInstruments(): Instruments {
  return Object.fromEntries(
    metricKeys.flatMap((key): [string, unknown][] => {
      if (isCounterKey(key)) return [[key, new Counter(key)]]
      return isHistogramKey(key) ? [[key, new Distribution()]] : []
    }),
  ) as Instruments
}

/** Reads the state behind every gauge of the catalogue. A forgotten one does not compile. */
export type Gauges = { readonly [Key in KeysOf<'gauge'>]: (observe: Observe<Key>) => void }

export const metricKeys = Object.keys(metrics) as MetricKey[]

export function isCounterKey(key: MetricKey): key is KeysOf<'counter'> {
  return metrics[key].instrument === 'counter'
}

export function isHistogramKey(key: MetricKey): key is KeysOf<'histogram'> {
  return metrics[key].instrument === 'histogram'
}

export function isGaugeKey(key: MetricKey): key is KeysOf<'gauge'> {
  return metrics[key].instrument === 'gauge'
}

function combinations({ attributes }: MetricDefinition): Record<string, string>[] {
  return Object.entries(attributes).reduce<Record<string, string>[]>(
    (partial, [name, values]) => partial.flatMap(known => values.map(value => ({ ...known, [name]: value }))),
    [{}],
  )
}

function cellKey(attributes: object): string {
  let key = ''
  for (const value of Object.values(attributes)) key += `${value}\n`
  return key
}
