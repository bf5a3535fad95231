import { z } from 'zod'
import { SandboxIntent } from './sandbox-schemas.ts'
import { base64, exactU64, pathUri, u64, undecodedBase64 } from './scalars.ts'

const sandbox = SandboxIntent.nullish()
const followSymlinks = z
  .boolean()
  .nullish()
  .describe('false: refused when any component of the path is a symbolic link; default true')
const handleId = z.string().describe('chosen by the client, at most 32 bytes, unique within its connection')

export const ReadFile = z.object({ path: pathUri, followSymlinks, sandbox })
export const FileContents = z.object({ dataBase64: z.string() })

export const WriteFile = z.object({
  path: pathUri,
  dataBase64: undecodedBase64.describe('replaces the contents in place: the file stays the same for its other names'),
  atomic: z
    .boolean()
    .nullish()
    .describe('an addition, default false: readers see all of the old or the new contents; other names keep the old'),
  followSymlinks,
  sandbox,
})

export const OpenFile = z.object({
  handleId,
  path: pathUri,
  mode: z
    .enum(['read', 'replace'], { error: 'expected string or map' })
    .default('read')
    .describe('replace: created, or emptied at once, for fs/writeBlock'),
  sandbox,
})
export const OpenedFile = z.object({ handleId: z.string() })

export const ReadBlock = z.object({
  handleId,
  offset: exactU64,
  len: u64.describe('1 to 1,048,576 bytes'),
})
export const FileBlock = z.object({
  chunk: z.string().describe('base64'),
  eof: z.boolean().describe('fewer bytes than asked for were left'),
})

export const WriteBlock = z.object({
  handleId,
  offset: exactU64,
  chunk: base64.describe('1 to 1,048,576 bytes; a gap before them reads as zeros'),
})

export const CloseFile = z.object({ handleId })

export const CreateDirectory = z.object({
  path: pathUri,
  recursive: z.boolean().nullish().describe('create missing parents, accept a directory that exists; default true'),
  followSymlinks,
  sandbox,
})

export const GetMetadata = z.object({ path: pathUri, followSymlinks, sandbox })
export const Metadata = z.object({
  isDirectory: z.boolean(),
  isFile: z.boolean(),
  isSymlink: z.boolean().describe('of the path itself; everything else is about what it leads to'),
  size: z.number(),
  createdAtMs: z.number().describe('0 when unknown'),
  modifiedAtMs: z.number(),
})
export type Metadata = z.output<typeof Metadata>

export const Canonicalize = z.object({ path: pathUri, sandbox })
export const CanonicalPath = z.object({ path: z.string() })

export const ReadDirectory = z.object({ path: pathUri, sandbox })
export const DirectoryEntries = z.object({
  entries: z.array(
    z.object({
      fileName: z.string().describe('bytes that are not UTF-8 show as U+FFFD'),
      isDirectory: z.boolean(),
      isFile: z.boolean(),
    }),
  ),
})

export const WalkTree = z.object({
  path: pathUri,
  options: z.object({
    maxDepth: u64.describe('at most 64; 0 lists the root alone'),
    maxDirectories: u64.describe('1 to 10,000, the root included'),
    maxEntries: u64.describe('1 to 50,000'),
    followDirectorySymlinks: z.boolean(),
    pruneHiddenDirectories: z.boolean().default(false).describe('list directories named `.…` without entering them'),
  }),
  sandbox,
})
export const WalkedTree = z.object({
  entries: z.array(z.object({ path: z.string(), kind: z.enum(['directory', 'file']) })),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
  truncated: z.boolean(),
})
export type WalkOptions = z.output<typeof WalkTree>['options']
export type WalkedTree = z.output<typeof WalkedTree>

export const RemoveEntry = z.object({
  path: pathUri,
  recursive: z.boolean().nullish().describe('default true'),
  force: z.boolean().nullish().describe('what is not there counts as removed; default true'),
  followSymlinks,
  sandbox,
})

export const CopyEntry = z.object({
  sourcePath: pathUri,
  destinationPath: pathUri,
  recursive: z.boolean().describe('needed when the source is a directory'),
  sandbox,
})

export const WatchMissing = z.object({
  watchId: exactU64.describe('greater than every id used before on the connection'),
  missing: z.array(pathUri).describe('paths that do not exist, at most 64'),
  present: pathUri.nullish().describe('a path that exists and must stay as it is'),
})
export const WatchedMissing = z.object({ watching: z.boolean() })

/** Sent once for a watch: what it was about may have changed, and it is over. */
export const MissingChanged = z.object({ watchId: exactU64 })

/** An addition of this gateway, as all about watched trees. */
export const WatchTree = z.object({
  watchId: z.string().describe('chosen by the client, at most 32 bytes, unique within its connection'),
  path: pathUri.describe('a directory; every directory below is watched too'),
  sandbox,
})
export const UnwatchTree = z.object({ watchId: z.string() })

/** Something below a watched directory has changed, possibly more often than it says. */
export const TreeChanged = z.object({
  watchId: z.string(),
  paths: z.array(z.string()),
  overflow: z.boolean().describe('more has changed than is named: look at everything again'),
})
