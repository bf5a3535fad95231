import { seededRandom } from './random.ts'

/** Where the true value lies with 95 % confidence, as far as the runs can tell. */
export interface Interval {
  readonly low: number
  readonly high: number
}

const resamples = 2000
const confidence = 0.95

/** The middle value; of two middle ones the mean. Undefined without values. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}

/**
 * The interval of a statistic over runs: runs are drawn again and again, each as often as chance wants. Runs, not
 * operations, because operations of one run share its luck. Undefined with fewer than two runs. Efron, "Bootstrap Methods", 1979.
 */
export function bootstrap<Run>(
  runs: readonly Run[],
  statistic: (drawn: readonly Run[]) => number | undefined,
  seed: number,
): Interval | undefined {
  if (runs.length < 2) return undefined
  const random = seededRandom(seed)
  const draw = () => runs[Math.floor(random() * runs.length)] as Run
  const drawn = Array.from({ length: resamples }, () => statistic(Array.from(runs, draw)))
  const known = drawn.filter(value => value !== undefined).toSorted((a, b) => a - b)
  const tail = (1 - confidence) / 2
  const low = known[Math.floor(tail * known.length)]
  const high = known[Math.ceil((1 - tail) * known.length) - 1]
  return low === undefined || high === undefined ? undefined : { low, high }
}
