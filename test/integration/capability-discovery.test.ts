import { execFileSync } from 'node:child_process'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/protocol/method-table.ts'
import { asOrdinaryUser } from '../support/ordinary-user.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

type Root = Result<'capabilityRoots/discoverV1'>['roots'][number]

async function discover(uri: string, more: object = {}): Promise<Root> {
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const { roots } = await peer.call('capabilityRoots/discoverV1', { roots: [{ id: 'r', path: uri, ...more }] })
  const [root] = roots
  if (root === undefined || roots.length !== 1) throw new Error(`${roots.length} roots instead of one`)
  return root
}

const pathsOf = (files: readonly { path: string }[], folder: ScratchFolder) =>
  files.map(({ path }) => path.slice(folder.uri.length))

describe('a root', () => {
  it('is told with its plugin, its skills and the plugins below it, in order', async () => {
    using folder = new ScratchFolder()
    folder.write('.codex-plugin/plugin.json', '{"name":"demo","apps":"./apps.json"}')
    folder.write('.claude-plugin/plugin.json', '{"name":"hidden"}')
    folder.write('.mcp.json', '{"a":1}')
    folder.write('apps.json', '{"b":2}')
    folder.write('skills/b/SKILL.md', 'skill b')
    folder.write('skills/a/SKILL.md', '\ufeffskill a')
    folder.write('skills/a/agents/openai.yaml', 'yaml')
    folder.write('skills/skill.md', 'not one')
    folder.write('nested/z/.cursor-plugin/plugin.json', 'cursor z')
    folder.write('nested/z/.claude-plugin/plugin.json', 'claude z')
    folder.write('nested/y/.cursor-plugin/plugin.json', 'cursor y')
    const root = await discover(folder.uri)
    expect(root).toMatchObject({ id: 'r', path: folder.uri, warnings: [], error: null })
    expect(root.plugin).toEqual({
      manifest: { path: `${folder.uri}/.codex-plugin/plugin.json`, contents: '{"name":"demo","apps":"./apps.json"}' },
      mcpConfig: { path: `${folder.uri}/.mcp.json`, contents: '{"a":1}' },
      appsConfig: { path: `${folder.uri}/apps.json`, contents: '{"b":2}' },
    })
    expect(root.skills).toEqual([
      {
        instructions: { path: `${folder.uri}/skills/a/SKILL.md`, contents: '\ufeffskill a' },
        metadata: { path: `${folder.uri}/skills/a/agents/openai.yaml`, contents: 'yaml' },
      },
      { instructions: { path: `${folder.uri}/skills/b/SKILL.md`, contents: 'skill b' }, metadata: null },
    ])
    const again = await discover(`${folder.uri}/`)
    expect(again.namespaceManifests).toEqual(root.namespaceManifests)
    expect(pathsOf(root.namespaceManifests, folder)).toEqual([
      '/.codex-plugin/plugin.json',
      '/nested/y/.cursor-plugin/plugin.json',
      '/nested/z/.claude-plugin/plugin.json',
    ])
  })

  it('inherits the name of a plugin above it, which is not its plugin', async () => {
    using folder = new ScratchFolder()
    folder.write('.claude-plugin/plugin.json', '{"name":"above"}')
    folder.write('skills/one/SKILL.md', 'one')
    const root = await discover(`${folder.uri}/skills`)
    expect(root.plugin).toBeNull()
    expect(pathsOf(root.namespaceManifests, folder)).toEqual(['/.claude-plugin/plugin.json'])
    expect(root.skills).toHaveLength(1)
  })

  it('leaves .mcp.json alone when its servers are in the manifest', async () => {
    using folder = new ScratchFolder()
    folder.write('.cursor-plugin/plugin.json', '{"mcpServers":{"a":{"command":"a"}}}')
    folder.write('.mcp.json', '{}')
    expect((await discover(folder.uri)).plugin?.mcpConfig).toBeNull()
  })

  it('is looked through along links to folders, once each, and not along links to files', async () => {
    using folder = new ScratchFolder()
    folder.write('real/SKILL.md', 'real')
    folder.write('linked/other.md', 'x')
    symlinkSync(folder.path, `${folder.path}/real/up`)
    symlinkSync(`${folder.path}/real/SKILL.md`, `${folder.path}/linked/SKILL.md`)
    symlinkSync('nowhere', `${folder.path}/dangling`)
    const root = await discover(folder.uri)
    expect(
      pathsOf(
        root.skills.map(({ instructions }) => instructions),
        folder,
      ),
    ).toEqual(['/real/SKILL.md'])
    expect(root.warnings).toEqual([])
  })

  it('is looked through seven folders deep and no deeper', async () => {
    using folder = new ScratchFolder()
    folder.write('1/2/3/4/5/6/SKILL.md', 'deep')
    folder.write('1/2/3/4/5/6/7/SKILL.md', 'too deep')
    expect((await discover(folder.uri)).skills).toHaveLength(1)
  })
})

it('spells paths as a walk does', async () => {
  using folder = new ScratchFolder()
  folder.write('C:/SKILL.md', 'skill')
  const { skills } = await discover(folder.uri)
  expect(skills.map(({ instructions }) => instructions.path)).toEqual([`${folder.uri}/C:/SKILL.md`])
})

it('warns of a folder that may be read but not searched', async () => {
  using _user = asOrdinaryUser()
  using folder = new ScratchFolder()
  folder.write('blind/SKILL.md', 'skill')
  chmodSync(`${folder.path}/blind`, 0o600)
  using _restored = { [Symbol.dispose]: () => chmodSync(`${folder.path}/blind`, 0o700) }
  const { skills, warnings } = await discover(folder.uri)
  expect(skills).toEqual([])
  expect(warnings).toEqual([`failed to scan capability path ${folder.uri}/blind: Permission denied (os error 13)`])
})

describe('a file that cannot be taken', () => {
  it('costs a warning and nothing else', async () => {
    using folder = new ScratchFolder()
    folder.write('a/SKILL.md', 'x'.repeat(1024 * 1024))
    folder.write('b/SKILL.md', 'x'.repeat(1024 * 1024 + 1))
    writeFileSync(folder.write('c/SKILL.md', ''), Buffer.from([0xc3, 0x28]))
    execFileSync('mkfifo', [folder.write('d/other', '').replace(/other$/, 'SKILL.md')])
    const root = await discover(folder.uri)
    expect(
      pathsOf(
        root.skills.map(({ instructions }) => instructions),
        folder,
      ),
    ).toEqual(['/a/SKILL.md'])
    expect(root.warnings).toEqual([
      `capability file ${folder.uri}/b/SKILL.md exceeds the 1048576-byte limit`,
      `capability file ${folder.uri}/c/SKILL.md is not UTF-8: invalid utf-8 sequence`,
    ])
  })

  it('is one too many when no reply holds them all', async () => {
    using folder = new ScratchFolder()
    for (let index = 10; index < 20; index++) folder.write(`${index}/SKILL.md`, 'x'.repeat(1024 * 1024))
    await using gateway = await startGateway()
    const peer = await gateway.connect()
    await expect(
      peer.call('capabilityRoots/discoverV1', { roots: ['one', 'two'].map(id => ({ id, path: folder.uri })) }),
    ).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining('ask for fewer roots') as string,
      data: { limit: { name: 'maxReplyBytes' } },
    })
  })
})

describe('a root that cannot be read', () => {
  it.each([
    ['file:///no/such', 'failed to inspect capability root file:///no/such: No such file or directory (os error 2)'],
    ['file:///etc/hostname', 'capability root file:///etc/hostname is not a directory'],
    ['file:///C:/x', "failed to inspect capability root file:///C:/x: 'file:///C:/x' is invalid on 'linux'"],
  ])('%s says why', async (uri, error) => {
    expect(await discover(uri)).toEqual({
      id: 'r',
      path: uri,
      plugin: null,
      skills: [],
      namespaceManifests: [],
      warnings: [],
      error,
    })
  })

  it('is one whose sandbox cannot be kept to', async () => {
    using folder = new ScratchFolder()
    const sandbox = (entries: object[]) => ({
      sandbox: {
        permissions: { type: 'managed', file_system: { type: 'restricted', entries }, network: 'restricted' },
        windowsSandboxLevel: 'disabled',
      },
    })
    const readRoot = { path: { type: 'special', value: { kind: 'root' } }, access: 'read' }
    const deny = { path: { type: 'path', path: 'file:///x' }, access: 'deny' }
    expect((await discover(folder.uri, sandbox([readRoot]))).error).toBeNull()
    for (const entries of [[], [readRoot, deny]]) {
      expect((await discover(folder.uri, sandbox(entries))).error).toMatch(/sandbox intent cannot be enforced/)
    }
  })
})

it('looks at roots for a few callers at the same time', async () => {
  using folder = new ScratchFolder()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const asked = { roots: [{ id: 'r', path: folder.uri }] }
  const answers = await Promise.all(Array.from({ length: 40 }, () => peer.request('capabilityRoots/discoverV1', asked)))
  expect(answers.filter(({ result }) => result !== undefined).length).toBeGreaterThanOrEqual(16)
  for (const { error } of answers) if (error) expect(error.data).toMatchObject({ limit: { name: 'maxDiscoveries' } })
  expect(await peer.call('capabilityRoots/discoverV1', asked)).toMatchObject({ roots: [{ error: null }] })
})

it('answers for many roots in their order, and for none', async () => {
  using folder = new ScratchFolder()
  await using gateway = await startGateway()
  const peer = await gateway.connect()
  const roots = Array.from({ length: 128 }, (_, index) => ({
    id: String(index),
    path: index % 2 === 0 ? folder.uri : 'file:///no/such',
  }))
  const answer = await peer.call('capabilityRoots/discoverV1', { roots })
  expect(answer.roots.map(({ id }) => id)).toEqual(roots.map(({ id }) => id))
  expect(await peer.call('capabilityRoots/discoverV1', { roots: [] })).toEqual({ roots: [] })
  await expect(
    peer.call('capabilityRoots/discoverV1', { roots: [...roots, { id: 'x', path: folder.uri }] }),
  ).rejects.toMatchObject({ code: -32600, message: 'capability root discovery accepts at most 128 roots' })
})
