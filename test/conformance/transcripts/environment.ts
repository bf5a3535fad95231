import { connect, expect, send, shakeHands } from '../lines.ts'
import { boolean, fileUrl, type PatternObject, text } from '../patterns.ts'
import type { Transcript } from '../transcript.ts'

/** Each bit is a promise: the client sends what it stands for. */
const capabilities = (value: boolean): PatternObject => ({
  networkProxyLaunch: value,
  networkProxyReviewDomains: value,
  credentialMasking: value,
  credentialMaskingCustomProviders: value,
  capabilityDiscoverySandbox: value,
  fsWatchMissing: value,
  capabilityDiscoveryV2: value,
  environmentConfigRead: value,
  httpHeaderEnvVars: value,
  sandboxedFileStreaming: value,
  fileWriteStreaming: value,
  shellSnapshotV2: value,
})

const info: PatternObject = {
  shell: { name: text(), path: text() },
  executorVersion: '0.169.0',
  cwd: fileUrl,
  userHomeDir: fileUrl,
  platformOs: 'linux',
  tempDir: fileUrl,
}

export const environment: readonly Transcript[] = [
  {
    name: 'describes its host when asked',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'environment/info' }),
      expect('shape', { id: 1, result: { ...info, capabilities: { networkProxyLaunch: boolean } } }),
    ],
  },
  {
    name: 'describes its host in the greeting as well, to a client that resumes too',
    steps: [
      connect('first'),
      send({ id: 1, method: 'initialize', params: { clientName: 'conformance' } }, 'first'),
      expect(
        'shape',
        { id: 1, result: { environmentInfo: info, sessionId: { varies: 'uuid', as: 'session' } } },
        'first',
      ),
      send({ id: 2, method: 'no/such' }, 'first'),
      expect('shape', { id: 2, error: { code: -32601 } }, 'first'),
    ],
  },
  {
    name: 'promises what it does, and nothing else',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'environment/info' }),
      expect('ours-only', {
        id: 1,
        result: {
          ...info,
          temporaryDirectories: [],
          capabilities: {
            ...capabilities(false),
            environmentConfigRead: true,
            httpHeaderEnvVars: true,
            windowsMxc: false,
            fsWatchMissing: true,
            fileWriteStreaming: true,
          },
          extensions: [
            'receipts',
            'inputEnd',
            'resize',
            'signals',
            'timeouts',
            'firstRetainedSeq',
            'atomicWrites',
            'treeWatches',
          ],
        },
      }),
    ],
  },
  {
    name: 'is ready',
    steps: [
      ...shakeHands(),
      send({ id: 1, method: 'environment/status' }),
      expect('exact', { id: 1, result: { status: 'ready' } }),
    ],
  },
]
