import { connect, expect, refused, send, shakeHands } from '../lines.ts'
import { fileUrl, type PatternObject, text } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'

const discover = (id: number, roots: readonly PatternObject[]): Step => {
  return send({ id, method: 'capabilityRoots/discoverV1', params: { roots } })
}

const read = (id: number, more: PatternObject): Step => {
  const params = { cwd: 'file:///no/such', configPaths: [], requirementsPaths: [], ...more }
  return send({ id, method: 'environmentConfig/read', params })
}

const nothing = { plugin: null, skills: [], namespaceManifests: [], warnings: [] }
const missing = 'No such file or directory (os error 2)'

export const discovery: readonly Transcript[] = [
  {
    name: 'tells of every root, also of those that are not there',
    steps: [
      ...shakeHands(),
      discover(1, []),
      expect('exact', { id: 1, result: { roots: [] } }),
      discover(2, [
        { id: 'gone', path: 'file:///no/such' },
        { id: 'gone', path: 'file:/no/./such', sandbox: null },
        { id: 'null', path: 'file:///dev/null' },
        { id: 'foreign', path: 'file:///C:/x' },
      ]),
      expect('exact', {
        id: 2,
        result: {
          roots: [
            {
              id: 'gone',
              path: 'file:///no/such',
              ...nothing,
              error: `failed to inspect capability root file:///no/such: ${missing}`,
            },
            {
              id: 'gone',
              path: 'file:///no/such',
              ...nothing,
              error: `failed to inspect capability root file:///no/such: ${missing}`,
            },
            {
              id: 'null',
              path: 'file:///dev/null',
              ...nothing,
              error: 'capability root file:///dev/null is not a directory',
            },
            { id: 'foreign', path: 'file:///C:/x', ...nothing, error: text({ includes: 'file:///C:/x' }) },
          ],
        },
      }),
      discover(
        3,
        Array.from({ length: 129 }, (_, index) => ({ id: String(index), path: 'file:///no/such' })),
      ),
      expect('exact', refused(3, -32600, 'capability root discovery accepts at most 128 roots')),
      discover(4, [{ id: 'x', path: '/native' }]),
      expect('shape', refused(4, -32602, text({ includes: 'relative URL without a base' }))),
    ],
  },
  {
    name: 'answers for its configuration, of which there is none',
    steps: [
      ...shakeHands(),
      read(1, { configPaths: [['no-such-key']], requirementsPaths: [['no-such-key', 'x']] }),
      expect('exact', {
        id: 1,
        result: {
          userHomeDir: fileUrl,
          codexHomeDir: fileUrl,
          hostname: text(),
          config: { layers: [], cloudInsertionIndex: 0 },
          requirements: { layers: [], cloudInsertionIndex: 0 },
        },
      }),
      read(2, {}),
      expect('exact', refused(2, -32602, 'at least one config or requirements path is required')),
      read(3, { configPaths: [['a'], []] }),
      expect('exact', refused(3, -32602, 'TOML paths must contain at least one key segment')),
      read(4, { configPaths: [['a']], cwd: 'file:///C:/x' }),
      expect('exact', refused(4, -32602, text({ includes: "'file:///C:/x' is invalid on '" }))),
      read(5, { configPaths: 'a' }),
      expect('shape', refused(5, -32602, text())),
    ],
  },
  {
    name: 'wants the handshake first',
    steps: [
      connect(),
      discover(1, []),
      expect('exact', refused(1, -32600, 'client must call initialize before using capability discovery methods')),
      read(2, { configPaths: [['a']] }),
      expect('exact', refused(2, -32600, 'client must call initialize before using environment config methods')),
    ],
  },
]
