import { ends, expect, prints, refused, shakeHands, start, starts, write } from '../lines.ts'
import { base64, type PatternObject, text } from '../patterns.ts'
import type { Transcript } from '../transcript.ts'
import { asks, fails, writes } from './files.ts'

const intent = (permissions: PatternObject, more: PatternObject = {}): PatternObject => {
  return { sandbox: { permissions, windowsSandboxLevel: 'disabled', ...more } }
}
const managed = (fileSystem: PatternObject, network: string): PatternObject => {
  return { type: 'managed', file_system: fileSystem, network }
}
const readEverything: PatternObject = {
  type: 'restricted',
  entries: [{ path: { type: 'special', value: { kind: 'root' } }, access: 'read' }],
}
const unenforceable = 'sandbox intent cannot be enforced on this executor'

/** What a stock client sends for a command that may write to its workspace. */
const workspaceWrite: PatternObject = intent(
  managed(
    {
      type: 'restricted',
      entries: [
        { path: { type: 'special', value: { kind: 'root' } }, access: 'read' },
        { path: { type: 'special', value: { kind: 'project_roots' } }, access: 'write' },
        { path: { type: 'special', value: { kind: 'slash_tmp' } }, access: 'write' },
        {
          path: { type: 'special', value: { kind: 'project_roots', subpath: '.git' } },
          access: 'read',
          missing_path_behavior: 'skip',
        },
      ],
    },
    'restricted',
  ),
  {
    cwd: 'file:///tmp',
    workspaceRoots: ['file:///tmp'],
    windowsSandboxProxySettingsMode: 'reconcile',
    useLegacyLandlock: false,
  },
)

const readOnly = intent(managed(readEverything, 'restricted'))
const nothing = intent(managed({ type: 'restricted', entries: [] }, 'restricted'))
/** Clients take this code with these words for a denial. */
const notPermitted = `file access is not permitted: ${unenforceable}`
const scratch = 'file://<scratch>'

const elsewhere: PatternObject = { path: { type: 'path', path: 'file:///C:/z' }, access: 'read' }
const foreign = (what: string, uri: string): string => {
  return `failed to prepare process sandbox: invalid sandbox ${what}: '${uri}' is invalid on 'linux'`
}

const networkProxy: PatternObject = {
  proxy: {
    enabled: true,
    enableSocks5: true,
    enableSocks5Udp: true,
    allowUpstreamProxy: true,
    dangerouslyAllowAllUnixSockets: false,
    mode: 'full',
    domains: null,
    unixSockets: null,
    allowLocalBinding: false,
  },
  auditMetadata: { conversationId: null },
  environmentId: 'remote',
  executionId: null,
}

export const sandbox: readonly Transcript[] = [
  {
    name: 'runs nothing that it would have to confine and cannot',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['true'], workspaceWrite),
      expect('exact', refused(1, -32602, unenforceable)),
      start(2, 'p', ['true'], intent(managed(readEverything, 'enabled'))),
      expect('exact', refused(2, -32602, unenforceable)),
      start(3, 'p', ['true'], intent(managed({ type: 'unrestricted' }, 'restricted'))),
      expect('exact', refused(3, -32602, unenforceable)),
      start(4, 'p', ['true'], intent({ type: 'external', network: 'restricted' })),
      expect('exact', refused(4, -32602, unenforceable)),
      start(5, 'p', ['true'], { ...workspaceWrite, tty: true }),
      expect('exact', refused(5, -32602, unenforceable)),
      ...starts(6, 'p', ['true']),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'denies every access to files that it would have to confine and cannot, and leaves them as they are',
    only: 'execgate',
    gates: [],
    steps: [
      ...shakeHands(),
      ...writes(1, 'file', 'text'),
      ...fails(2, 'fs/readFile', { path: `${scratch}/file`, ...nothing }, -32600, notPermitted),
      ...fails(3, 'fs/getMetadata', { path: `${scratch}/file`, ...nothing }, -32600, notPermitted),
      ...fails(4, 'fs/readDirectory', { path: scratch, ...nothing }, -32600, notPermitted),
      ...fails(5, 'fs/writeFile', { path: `${scratch}/file`, dataBase64: '', ...readOnly }, -32600, notPermitted),
      ...fails(6, 'fs/createDirectory', { path: `${scratch}/made`, ...readOnly }, -32600, notPermitted),
      ...fails(7, 'fs/remove', { path: `${scratch}/file`, ...readOnly }, -32600, notPermitted),
      ...fails(
        8,
        'fs/copy',
        { sourcePath: `${scratch}/file`, destinationPath: `${scratch}/made`, recursive: false, ...readOnly },
        -32600,
        notPermitted,
      ),
      ...fails(
        9,
        'fs/open',
        { handleId: 'h', path: `${scratch}/file`, mode: 'replace', ...readOnly },
        -32600,
        notPermitted,
      ),
      ...fails(
        10,
        'fs/open',
        { handleId: 'h', path: `${scratch}/file`, ...nothing },
        -32600,
        'streaming file reads do not support platform sandboxing',
      ),
      ...asks(11, 'fs/readFile', { path: `${scratch}/file`, ...readOnly }, { result: { dataBase64: base64('text') } }),
      ...fails(12, 'fs/getMetadata', { path: `${scratch}/made` }, -32004, 'No such file or directory (os error 2)'),
    ],
  },
  {
    name: 'runs what asks for no confinement, and says that there is none',
    steps: [
      ...shakeHands(),
      start(1, 'p', 'echo ran', intent({ type: 'disabled' }, { workspaceRoots: ['file:///tmp'] })),
      expect('ours-only', { id: 1, result: { processId: 'p', sandboxType: 'none' } }),
      expect('reference-only', { id: 1, result: { processId: 'p', sandboxType: 'linuxSeccomp' } }),
      prints('exact', 'p', 'stdout', 'ran\n'),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'refuses an intent for another machine, even one that asks for no confinement',
    steps: [
      ...shakeHands(),
      ...[
        [{ windowsSandboxLevel: 'mxc', cwd: 'file:///C:/x' }, 'native MXC is unavailable on this executor'],
        [{ cwd: 'file:///C:/x', workspaceRoots: ['file:///C:/y'] }, foreign('policy cwd', 'file:///C:/x')],
        [{ workspaceRoots: ['file:///tmp', 'file:///C:/y'] }, foreign('workspace root', 'file:///C:/y')],
        [{ cwd: 'file:///C:/x', policyContext: {} }, foreign('policy cwd', 'file:///C:/x')],
        [{ cwd: 'file:///tmp', policyContext: { cwd: 'file:///C:/x' } }, foreign('policy cwd', 'file:///C:/x')],
        [{ policyContext: { workspaceRoots: ['file:///C:/y'] } }, foreign('workspace root', 'file:///C:/y')],
      ].flatMap(([more, why], index) => [
        start(index, 'p', ['true'], intent({ type: 'disabled' }, more as PatternObject)),
        expect('exact', refused(index, -32602, why as string)),
      ]),
      start(20, 'p', ['true'], intent(managed({ type: 'restricted', entries: [elsewhere] }, 'restricted'))),
      expect('exact', refused(20, -32602, foreign('permission path', 'file:///C:/z'))),
      // What the newer form says counts, not the older.
      start(21, 'p', ['true'], intent({ type: 'disabled' }, { workspaceRoots: ['file:///C:/y'], policyContext: {} })),
      expect('shape', { id: 21, result: { processId: 'p' } }),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'refuses an intent it cannot read',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['true'], { sandbox: {} }),
      expect('shape', refused(1, -32602, text({ includes: 'permissions' }))),
      start(2, 'p', ['true'], { sandbox: { permissions: { type: 'disabled' } } }),
      expect('shape', refused(2, -32602, text({ includes: 'windowsSandboxLevel' }))),
      start(3, 'p', ['true'], intent({ type: 'anything' })),
      expect('shape', refused(3, -32602, text())),
      start(4, 'p', ['true'], intent({ type: 'disabled' }, { windowsSandboxLevel: 'Disabled' })),
      expect('shape', refused(4, -32602, text({ includes: 'unknown variant `Disabled`' }))),
      start(5, 'p', ['true'], intent({ type: 'disabled' }, { workspaceRoots: null })),
      expect('shape', refused(5, -32602, text())),
      start(6, 'p', ['true'], intent({ type: 'disabled' }, { cwd: '/tmp' })),
      expect('shape', refused(6, -32602, text({ includes: 'relative URL without a base' }))),
      start(7, 'p', ['true'], { sandbox: 'none' }),
      expect('shape', refused(7, -32602, text())),
    ],
  },
  {
    name: 'starts no proxy it does not have',
    only: 'execgate',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['true'], { networkProxy }),
      expect('shape', refused(1, -32602, text({ includes: 'network proxy' }))),
      ...starts(2, 'p', ['true'], { networkProxy: null }),
      ends('exact', 'p', 0),
    ],
  },
  {
    name: 'refuses a proxy without settings',
    steps: [
      ...shakeHands(),
      start(1, 'p', ['true'], { networkProxy: {} }),
      expect('shape', refused(1, -32602, text({ includes: 'proxy' }))),
    ],
  },
  {
    name: 'does not pretend to enforce a managed network',
    steps: [
      ...shakeHands(),
      start(1, 'p', 'read x', { enforceManagedNetwork: true, pipeStdin: true }),
      expect('ours-only', refused(1, -32602, 'managed network cannot be enforced on this executor')),
      expect('reference-only', { id: 1, result: { processId: 'p', sandboxType: 'none' } }),
      write(2, 'p', '1', '\n'),
      expect('ours-only', { id: 2, result: { status: 'unknownProcess' } }),
      expect('reference-only', { id: 2, result: { status: 'accepted' } }),
    ],
  },
  {
    name: 'ignores the settings of a managed network that nobody wants enforced',
    steps: [
      ...shakeHands(),
      ...starts(1, 'p', ['true'], {
        managedNetwork: { loopbackPorts: [8080, 65_535], allowLocalBinding: true, allowUnixSockets: ['/run/x'] },
        enforceManagedNetwork: false,
      }),
      ends('exact', 'p', 0),
      start(2, 'q', ['true'], { managedNetwork: { loopbackPorts: [65_536] } }),
      expect('shape', refused(2, -32602, text())),
    ],
  },
]
