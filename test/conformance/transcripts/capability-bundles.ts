import { expect, send, shakeHands } from '../lines.ts'
import type { PatternObject } from '../patterns.ts'
import type { Step, Transcript } from '../transcript.ts'
import { prepare } from './file-trees.ts'

const scratch = 'file://<scratch>'

const file = (path: string, contents: string): PatternObject => ({ path: `${scratch}/${path}`, contents })
const skill = (path: string, contents: string, metadata: PatternObject | null = null): PatternObject => ({
  instructions: file(path, contents),
  metadata,
})

/** One root, and what is told of it. */
const discovers = (id: number, root: string, found: PatternObject): Step[] => [
  send({
    id,
    method: 'capabilityRoots/discoverV1',
    params: { roots: [{ id: 'r', path: `${scratch}/${root}`, sandbox: null }] },
  }),
  expect('exact', {
    id,
    result: {
      roots: [
        {
          id: 'r',
          path: `${scratch}/${root}`,
          plugin: null,
          skills: [],
          namespaceManifests: [],
          warnings: [],
          error: null,
          ...found,
        },
      ],
    },
  }),
]

/** A plugin `m` with this manifest, and what comes of the files it declares. */
const declares = (
  id: number,
  contents: string,
  { mcp = null, apps = null, warnings = [] }: { mcp?: string | null; apps?: string | null; warnings?: string[] },
): Step[] => {
  const manifest = file(`m${id}/.codex-plugin/plugin.json`, contents)
  const at = (name: string | null) => (name === null ? null : file(`m${id}/${encodeURI(name)}`, name))
  return discovers(id, `m${id}`, {
    plugin: { manifest, mcpConfig: at(mcp), appsConfig: at(apps) },
    namespaceManifests: [manifest],
    warnings: warnings.map(why => `ignoring ${why.replace('%', `${scratch}/m${id}/.codex-plugin/plugin.json`)}`),
  })
}

const outside = 'path must remain below the capability root'

/** What manifests say, and which files are read for it. */
const manifests: readonly [string, Parameters<typeof declares>[2]][] = [
  ['{}', { mcp: '.mcp.json', apps: '.app.json' }],
  ['{"mcpServers":{"a":{}},"apps":null}', { apps: '.app.json' }],
  ['{"mcpServers":"./q","apps":"./a b"}', { mcp: 'q', apps: 'a b' }],
  ['{"mcpServers":"./none","apps":"./none"}', {}],
  ['{"mcpServers":["./q"],"apps":{"a":{}}}', { mcp: '.mcp.json', apps: '.app.json' }],
  ['{"mcpServers":"./.","apps":"././q"}', { apps: 'q' }],
  ['[]', { mcp: '.mcp.json', apps: '.app.json' }],
  ['no JSON', { mcp: '.mcp.json', apps: '.app.json' }],
  [
    '{"mcpServers":"q","apps":"/q"}',
    {
      mcp: '.mcp.json',
      apps: '.app.json',
      warnings: ['mcpServers in %: path must start with `./`', 'apps in %: path must start with `./`'],
    },
  ],
  [
    '{"mcpServers":"./","apps":".//q"}',
    { mcp: '.mcp.json', apps: '.app.json', warnings: [`mcpServers in %: ${outside}`, `apps in %: ${outside}`] },
  ],
  [
    '{"mcpServers":"./../q","apps":"./x\\\\..\\\\q"}',
    { mcp: '.mcp.json', apps: '.app.json', warnings: [`mcpServers in %: ${outside}`, `apps in %: ${outside}`] },
  ],
]

const plantManifests = manifests
  .map(([contents], index) => {
    const plugin = `m${index}/.codex-plugin`
    return `mkdir -p ${plugin} && printf %s '${contents}' >${plugin}/plugin.json && (cd m${index} && printf .mcp.json >.mcp.json && printf .app.json >.app.json && printf q >q && printf 'a b' >'a b')`
  })
  .join(' && ')

export const capabilityBundles: readonly Transcript[] = [
  {
    name: 'tells of a plugin, its skills in order and the plugins below it, the first manifest of each',
    gates: [],
    steps: [
      ...shakeHands(),
      ...prepare(
        [
          'mkdir -p p/.codex-plugin p/.claude-plugin p/b/.claude-plugin p/b/.cursor-plugin p/a/.codex-plugin',
          "mkdir -p p/skills/z/agents 'p/skills/a b' p/skills/link p/SKILL.md p/1/2/3/4/5/6 shared",
          'printf own >p/.codex-plugin/plugin.json; printf no >p/.claude-plugin/plugin.json',
          'printf b >p/b/.claude-plugin/plugin.json; printf no >p/b/.cursor-plugin/plugin.json',
          'printf a >p/a/.codex-plugin/plugin.json; printf z >p/skills/z/SKILL.md',
          "printf y >p/skills/z/agents/openai.yaml; printf ab >'p/skills/a b/SKILL.md'; printf no >p/skills/skill.md",
          'printf s >shared/SKILL.md; ln -s ../shared p/shared; ln -s ../z/SKILL.md p/skills/link/SKILL.md',
          'printf 6 >p/1/2/3/4/5/6/SKILL.md; printf 5 >p/1/2/3/4/5/SKILL.md; printf mcp >p/.mcp.json',
        ].join(' && '),
      ),
      ...discovers(1, 'p', {
        plugin: {
          manifest: file('p/.codex-plugin/plugin.json', 'own'),
          mcpConfig: file('p/.mcp.json', 'mcp'),
          appsConfig: null,
        },
        namespaceManifests: [
          file('p/.codex-plugin/plugin.json', 'own'),
          file('p/a/.codex-plugin/plugin.json', 'a'),
          file('p/b/.claude-plugin/plugin.json', 'b'),
        ],
        skills: [
          skill('p/1/2/3/4/5/6/SKILL.md', '6'),
          skill('p/1/2/3/4/5/SKILL.md', '5'),
          skill('p/shared/SKILL.md', 's'),
          skill('p/skills/a%20b/SKILL.md', 'ab'),
          skill('p/skills/z/SKILL.md', 'z', file('p/skills/z/agents/openai.yaml', 'y')),
        ],
      }),
      // Without a manifest of its own it has the name of what is above, and is no plugin.
      ...discovers(2, 'p/skills/z', {
        skills: [skill('p/skills/z/SKILL.md', 'z', file('p/skills/z/agents/openai.yaml', 'y'))],
        namespaceManifests: [file('p/.codex-plugin/plugin.json', 'own')],
      }),
      ...discovers(3, 'p/.mcp.json', { error: `capability root ${scratch}/p/.mcp.json is not a directory` }),
    ],
  },
  {
    name: 'reads the files that a manifest declares within its root',
    gates: [],
    steps: [
      ...shakeHands(),
      ...prepare(plantManifests),
      ...manifests.flatMap(([contents, found], index) => declares(index, contents, found)),
    ],
  },
]
