import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { explainIssues, type RefusedParams } from './decoder-text.ts'
import { parseJsonExactly } from './json-numbers.ts'
import { type MethodName, methods, notifications, type ParamsInput } from './method-table.ts'

type Path = readonly (string | number)[]

/** Parameters that have every member once. */
const params: { readonly [M in MethodName]: NonNullable<ParamsInput<M>> } = {
  initialize: { clientName: 'c', resumeSessionId: 's' },
  'environment/info': {},
  'environment/status': {},
  'process/start': {
    processId: 'p',
    metadata: { threadId: 't', toolCallId: 'c' },
    argv: ['ls', '-l'],
    cwd: 'file:///w',
    envPolicy: { inherit: 'core', ignoreDefaultExcludes: true, exclude: ['A'], set: { B: 'b' }, includeOnly: ['C'] },
    env: { PATH: '/bin' },
    tty: false,
    terminalSize: { rows: 1, cols: 2 },
    timeoutMs: 1,
    pipeStdin: true,
    arg0: 'sh',
    sandbox: {
      permissions: {
        type: 'managed',
        file_system: {
          type: 'restricted',
          entries: [
            { path: { type: 'path', path: 'file:///w' }, access: 'write', missing_path_behavior: 'skip' },
            { path: { type: 'glob_pattern', pattern: '*' }, access: 'read' },
            { path: { type: 'special', value: { kind: 'root' } }, access: 'deny' },
            { path: { type: 'special', value: { kind: 'unknown', path: 'p', subpath: 's' } }, access: 'none' },
          ],
          glob_scan_max_depth: 3,
        },
        network: 'restricted',
      },
      cwd: 'file:///w',
      workspaceRoots: ['file:///w'],
      policyContext: { cwd: 'file:///w', workspaceRoots: ['file:///w'] },
      userHomeDir: 'file:///h',
      temporaryDirectories: ['file:///tmp'],
      windowsSandboxLevel: 'disabled',
      windowsSandboxProxySettingsMode: 'reconcile',
      useLegacyLandlock: false,
      sandboxOverride: 'noOverride',
    },
    enforceManagedNetwork: false,
    managedNetwork: {
      loopbackPorts: [80],
      allowLocalBinding: true,
      allowUnixSockets: ['/s'],
      dangerouslyAllowAllUnixSockets: false,
    },
    networkProxy: { proxy: {}, auditMetadata: {}, environmentId: 'e', executionId: 'x', policyDecisionTimeoutMs: 5 },
  },
  'process/read': { processId: 'p', afterSeq: 1, maxBytes: 2, waitMs: 3 },
  'process/write': { processId: 'p', chunk: 'QQ==', writeId: 'w', endsInput: true },
  'process/closeStdin': { processId: 'p' },
  'process/resize': { processId: 'p', rows: 1, cols: 2 },
  'process/signal': { processId: 'p', signal: 'interrupt' },
  'fs/readFile': { path: 'file:///w', followSymlinks: false, sandbox: null },
  'fs/writeFile': { path: 'file:///w', dataBase64: 'QQ==', atomic: true, followSymlinks: false, sandbox: null },
  'fs/open': { handleId: 'h', path: 'file:///w', mode: 'replace', sandbox: null },
  'fs/readBlock': { handleId: 'h', offset: 1, len: 2 },
  'fs/writeBlock': { handleId: 'h', offset: 1, chunk: 'QQ==' },
  'fs/close': { handleId: 'h' },
  'fs/createDirectory': { path: 'file:///w', recursive: false, followSymlinks: false, sandbox: null },
  'fs/getMetadata': { path: 'file:///w', followSymlinks: false, sandbox: null },
  'fs/canonicalize': { path: 'file:///w', sandbox: null },
  'fs/readDirectory': { path: 'file:///w', sandbox: null },
  'fs/walk': {
    path: 'file:///w',
    options: {
      maxDepth: 1,
      maxDirectories: 2,
      maxEntries: 3,
      followDirectorySymlinks: true,
      pruneHiddenDirectories: false,
    },
    sandbox: null,
  },
  'fs/remove': { path: 'file:///w', recursive: true, force: false, followSymlinks: true, sandbox: null },
  'fs/copy': { sourcePath: 'file:///w', destinationPath: 'file:///v', recursive: false, sandbox: null },
  'fs/watchMissing': { watchId: 1, missing: ['file:///w'], present: 'file:///v' },
  'fs/watch': { watchId: 'w', path: 'file:///w', sandbox: null },
  'fs/unwatch': { watchId: 'w' },
  'process/terminate': { processId: 'p' },
  'http/request': {
    method: 'GET',
    url: 'http://example.com/',
    headers: [{ name: 'n', value: 'v', valueEnvVar: 'V' }],
    bodyBase64: 'QQ==',
    timeoutMs: 1,
    redirectPolicy: 'stop',
    requestId: 'r',
    streamResponse: true,
  },
  'capabilityRoots/discoverV1': {
    roots: [
      {
        id: 'r',
        path: 'file:///r',
        sandbox: { permissions: { type: 'disabled' }, windowsSandboxLevel: 'disabled' },
      },
    ],
  },
  'environmentConfig/read': { cwd: 'file:///w', configPaths: [['a', 'b']], requirementsPaths: [['c']] },
}

const receipt = {
  cause: 'exit',
  signal: 9,
  wallMs: 1,
  cpuMs: 1,
  peakMemoryBytes: 1,
  outputBytes: { stdout: 1, stderr: 2, pty: 3 },
  evictedBytes: 0,
}

const chunk = { seq: 1, stream: 'pty', chunk: 'QQ==' }

const file = { path: 'file:///f', contents: 'c' }
const stack = { layers: [{ source: 's', baseDir: 'file:///b', toml: 't' }], cloudInsertionIndex: 0 }

/** The rest of what is decoded: results and notifications, which a client decodes. */
const received: readonly (readonly [name: string, schema: z.ZodType, sample: object])[] = [
  [
    'result of process/read',
    methods['process/read'].result,
    {
      chunks: [chunk],
      nextSeq: 2,
      firstRetainedSeq: 1,
      exited: true,
      exitCode: 0,
      closed: true,
      failure: 'f',
      sandboxDenied: false,
      receipt,
    },
  ],
  ['result of process/start', methods['process/start'].result, { processId: 'p', sandboxType: 'none' }],
  ['result of process/write', methods['process/write'].result, { status: 'accepted' }],
  ['result of process/terminate', methods['process/terminate'].result, { running: true }],
  ['result of environment/status', methods['environment/status'].result, { status: 'ready' }],
  ['process/output', notifications['process/output'], { processId: 'p', ...chunk }],
  [
    'process/exited',
    notifications['process/exited'],
    { processId: 'p', seq: 1, exitCode: 0, sandboxDenied: true, receipt },
  ],
  ['process/closed', notifications['process/closed'], { processId: 'p', seq: 1 }],
  [
    'result of http/request',
    methods['http/request'].result,
    { status: 200, headers: [{ name: 'n', value: 'v' }], bodyBase64: 'QQ==' },
  ],
  [
    'result of capabilityRoots/discoverV1',
    methods['capabilityRoots/discoverV1'].result,
    {
      roots: [
        {
          id: 'r',
          path: 'file:///r',
          plugin: { manifest: file, mcpConfig: file, appsConfig: file },
          skills: [{ instructions: file, metadata: file }],
          namespaceManifests: [file],
          warnings: ['w'],
          error: 'e',
        },
      ],
    },
  ],
  [
    'result of environmentConfig/read',
    methods['environmentConfig/read'].result,
    { userHomeDir: 'file:///h', codexHomeDir: 'file:///c', hostname: 'vm', config: stack, requirements: stack },
  ],
  [
    'http/request/bodyDelta',
    notifications['http/request/bodyDelta'],
    { requestId: 'r', seq: 1, deltaBase64: 'QQ==', done: true, error: 'e' },
  ],
]

const sent = Object.entries(params).map(([name, sample]) => [name, methods[name as MethodName].params, sample] as const)

const hostileValues = ['null', 'true', '5', '-5', '1.5', '9007199254740993', '"x"', '""', '[]', '[[]]', '{}', '{"x":1}']

describe.each([...sent, ...received])('%s', (_name, schema, sample) => {
  const places = placesIn(sample)

  test('accepts the sample, which has every member', () => {
    expect(schema.safeParse(sample).error).toBeUndefined()
    expect(Object.keys(sample)).toEqual(expect.arrayContaining(membersOf(schema)))
  })

  test('names every member that is missing', () => {
    for (const place of places.filter(path => typeof path.at(-1) === 'string')) {
      const refused = explain(schema, replaced(sample, place, undefined))
      if (refused === undefined) continue
      expect(refused.message).toMatch(`missing field \`${place.at(-1)}\``)
      expect(refused).toMatchObject({ field: written(place), value: undefined })
    }
  })

  test.each(hostileValues)('names every place that cannot be %s', json => {
    for (const place of places) {
      const refused = explain(schema, replaced(sample, place, parseJsonExactly(json)))
      if (refused === undefined) continue
      const { message, field = '', value } = refused
      expect(message).toMatch(/^(missing field|invalid|unknown variant|Invalid)/)
      expect(message).not.toMatch(/invalid input:|undefined|received|expected (record|object|array|number)/i)
      // A list or map may be refused for what it contains or lacks.
      expect(field.startsWith(written(place))).toBe(true)
      if (message.startsWith('missing')) expect(value).toBeUndefined()
      else expect(message.includes(`\`${field}\``) || field === '' || isOwnWording(message)).toBe(true)
    }
  })

  test('takes no decimal anywhere', () => {
    const taken = places.filter(
      place => explain(schema, replaced(sample, place, parseJsonExactly('1.5'))) === undefined,
    )
    expect(taken.map(written)).toEqual([])
  })
})

/** What the scalars say themselves about a string they cannot decode. */
function isOwnWording(message: string): boolean {
  return /^(invalid URI|Invalid padding|Invalid symbol|Invalid last symbol|Invalid input length)/.test(message)
}

function explain(schema: z.ZodType, input: unknown): RefusedParams | undefined {
  const { error } = schema.safeParse(input)
  return error === undefined ? undefined : explainIssues(error, input)
}

/** The way to the value itself and to everything in it. */
function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, member]) =>
    placesIn(member, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return [path, ...inner]
}

/** A copy with another value in one place; `undefined` takes the place out. */
function replaced(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement
  const inner = replaced(Reflect.get(Object(value), key), rest, replacement)
  if (Array.isArray(value)) return value.with(Number(key), inner)
  const members = Object.entries(Object(value) as object).filter(([name]) => name !== key)
  return Object.fromEntries(inner === undefined ? members : [...members, [key, inner]])
}

function written(path: Path): string {
  return path
    .map(key => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')
}

function membersOf(schema: z.ZodType): string[] {
  return 'shape' in schema ? Object.keys(Object(schema.shape) as object) : []
}
