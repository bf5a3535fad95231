import { z } from 'zod'
import { SandboxIntent } from './sandbox-schemas.ts'
import { pathUri } from './scalars.ts'

/** Roots of one request. */
export const maxCapabilityRoots = 128

export const CapabilityRoot = z.object({
  id: z.string().describe('echoed'),
  path: pathUri,
  sandbox: SandboxIntent.nullish().describe('what reading this root is confined to'),
})
export type CapabilityRoot = z.output<typeof CapabilityRoot>

export const DiscoverCapabilities = z.object({ roots: z.array(CapabilityRoot).describe('at most 128') })

export const CapabilityFile = z.object({ path: z.string(), contents: z.string().describe('the text, unmodified') })
export type CapabilityFile = z.output<typeof CapabilityFile>

export const DiscoveredRoot = z.object({
  id: z.string(),
  path: z.string(),
  plugin: z
    .object({
      manifest: CapabilityFile,
      mcpConfig: CapabilityFile.nullable(),
      appsConfig: CapabilityFile.nullable(),
    })
    .nullable(),
  skills: z.array(z.object({ instructions: CapabilityFile, metadata: CapabilityFile.nullable() })),
  namespaceManifests: z.array(CapabilityFile),
  warnings: z.array(z.string()),
  error: z.string().nullable().describe('why nothing of this root could be read'),
})
export type DiscoveredRoot = z.output<typeof DiscoveredRoot>

export const DiscoveredCapabilities = z.object({
  roots: z.array(DiscoveredRoot).describe('in the order of the request'),
})

const keyPaths = z.array(z.array(z.string())).describe('TOML key paths, one list of keys for each')

export const ReadEnvironmentConfig = z.object({
  cwd: pathUri,
  configPaths: keyPaths,
  requirementsPaths: keyPaths,
})

const ConfigStack = z.object({
  layers: z
    .array(
      z.object({
        source: z.string().describe('for people'),
        baseDir: z.string().describe('what relative paths in it count from'),
        toml: z.string().describe('the selected keys alone'),
      }),
    )
    .describe('from lowest to highest precedence'),
  cloudInsertionIndex: z.number().describe('where layers from elsewhere belong'),
})
export type ConfigStack = z.output<typeof ConfigStack>

export const EnvironmentConfig = z.object({
  userHomeDir: z.string().nullable(),
  codexHomeDir: z.string(),
  hostname: z.string().nullable(),
  config: ConfigStack,
  requirements: ConfigStack,
})
export type EnvironmentConfig = z.output<typeof EnvironmentConfig>
