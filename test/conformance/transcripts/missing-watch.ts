import { expect, refused, send, shakeHands } from '../lines.ts'
import { type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'
import { asks, writes } from './files.ts'

const scratch = 'file://<scratch>'

const watches = (
  id: number,
  watchId: number,
  missing: readonly string[],
  watching: boolean,
  more: PatternObject = {},
): Step[] =>
  asks(
    id,
    'fs/watchMissing',
    { watchId, missing: missing.map(path => `${scratch}/${path}`), ...more },
    { result: { watching } },
  )

const changed = (watchId: number): Step => expect('exact', { method: 'fs/missingChanged', params: { watchId } })

export const missingWatch: readonly Transcript[] = [
  {
    name: 'tells once that a missing path has appeared',
    gates: [],
    steps: [
      ...shakeHands(),
      ...watches(1, 0, ['m'], false),
      ...watches(2, 1, ['m'], true, { present: null }),
      ...writes(3, 'm', ''),
      changed(1),
      ...watches(4, 5, ['n', 'm'], false),
      ...watches(5, 6, ['o'], true),
      ...watches(6, 7, [], false),
      ...writes(7, 'o', ''),
      ...watches(8, 9, ['no/such/deep'], true),
      ...asks(9, 'fs/createDirectory', { path: `${scratch}/unrelated` }, { result: {} }),
      ...asks(10, 'fs/createDirectory', { path: `${scratch}/no` }, { result: {} }),
      changed(9),
    ],
  },
  {
    name: 'tells once that what was present has changed',
    gates: [],
    steps: [
      ...shakeHands(),
      ...writes(1, 'file', 'text'),
      ...watches(2, 1, ['m'], false, { present: `${scratch}/none` }),
      ...watches(3, 2, ['m'], true, { present: `${scratch}/file` }),
      ...writes(4, 'file', 'more'),
      changed(2),
    ],
  },
  {
    name: 'refuses what it cannot read and watches nothing of another platform',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'fs/watchMissing', params: { watchId: 1 } }),
      expect('shape', refused(1, -32602, text({ includes: 'missing field `missing`' }))),
      send({ id: 2, method: 'fs/watchMissing', params: { watchId: 'x', missing: [] } }),
      expect('shape', refused(2, -32602, text({ includes: 'expected u64' }))),
      ...asks(3, 'fs/watchMissing', { watchId: 1, missing: ['file:///C:/x'] }, { result: { watching: false } }),
      ...asks(4, 'fs/watchMissing', { watchId: 2, missing: ['file:///proc/none'] }, { result: { watching: false } }),
    ],
  },
]
