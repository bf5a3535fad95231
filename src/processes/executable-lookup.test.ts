import { expect, test } from 'vitest'
import { executableCandidates } from './executable-lookup.ts'

test.each([
  ['/bin/sh', '/usr/bin', ['/bin/sh']],
  ['./run', '/usr/bin', ['./run']],
  ['bin/run', undefined, ['bin/run']],
  ['sh', '/usr/bin', ['/usr/bin/sh']],
  ['sh', '/a:/b:/a', ['/a/sh', '/b/sh']],
  ['sh', 'relative', ['relative/sh']],
  ['sh', undefined, ['/bin/sh', '/usr/bin/sh']],
  ['sh', '', ['sh']],
  ['sh', '/a::/b', ['/a/sh', 'sh', '/b/sh']],
  ['sh', ':/a:', ['sh', '/a/sh']],
])('a program %s under PATH=%s is looked for as %j', (program, path, candidates) => {
  expect(executableCandidates(program, path)).toEqual(candidates)
})
