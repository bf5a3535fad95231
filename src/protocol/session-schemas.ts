import { z } from 'zod'

/** Parameters of a method that takes none: absent, `null` and `{}` are the same. */
export const NoParams = z.strictObject({}, { error: 'expected unit' }).nullish()

/** What an executor can do beyond the base protocol. A client trusts each bit before it sends the request behind it. */
export const Capabilities = z.object({
  networkProxyLaunch: z.boolean().default(false),
  networkProxyReviewDomains: z.boolean().default(false),
  credentialMasking: z.boolean().default(false),
  credentialMaskingCustomProviders: z.boolean().default(false),
  capabilityDiscoverySandbox: z.boolean().default(false),
  fsWatchMissing: z.boolean().default(false),
  capabilityDiscoveryV2: z.boolean().default(false),
  environmentConfigRead: z.boolean().default(false),
  httpHeaderEnvVars: z.boolean().default(false),
  sandboxedFileStreaming: z.boolean().default(false),
  fileWriteStreaming: z.boolean().default(false),
  shellSnapshotV2: z.boolean().default(false),
  windowsMxc: z.boolean().default(false),
})
export type Capabilities = z.output<typeof Capabilities>

export const EnvironmentInfo = z
  .object({
    shell: z.object({
      name: z.string().describe('bash, zsh, sh, powershell or cmd'),
      path: z.string().describe('native text, possibly not absolute'),
    }),
    executorVersion: z.string().optional().describe('compatibility level of the executor; absent means 0.0.0'),
    cwd: z.string().nullish().describe("PathUri of the executor's working directory"),
    userHomeDir: z.string().optional().describe('PathUri that `~` stands for'),
    platformOs: z.string().optional().describe('linux or macos'),
    prependPathDirs: z.array(z.string()).optional().describe('PathUris the executor puts in front of PATH'),
    temporaryDirectories: z.array(z.string()).optional().describe('PathUris named by TMPDIR'),
    tempDir: z.string().optional().describe("PathUri of the operating system's temporary directory"),
    capabilities: Capabilities.optional(),
    extensions: z.array(z.string()).optional().describe('additions of this gateway that a client may use'),
  })
  .meta({ id: 'EnvironmentInfo' })
export type EnvironmentInfo = z.output<typeof EnvironmentInfo>

export const Initialize = z.object({
  clientName: z.string().describe('any value; for diagnostics only'),
  resumeSessionId: z.string().nullish().describe('a session to take up again; absent or null starts a new one'),
})

export const Initialized = z.object({
  sessionId: z.string().describe('UUID; the only credential for resuming'),
  environmentInfo: EnvironmentInfo.nullish(),
  detachedSessionMs: z
    .number()
    .optional()
    .describe('an addition: how long the session outlives its connection, in milliseconds'),
})

export const EnvironmentStatus = z.object({ status: z.literal('ready') })
