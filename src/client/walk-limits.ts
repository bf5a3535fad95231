import type { WalkOptions } from '../protocol/filesystem-schemas.ts'

/** The largest bounds a server takes. */
export const walkDefaults: WalkOptions = {
  maxDepth: 64,
  maxDirectories: 10_000,
  maxEntries: 50_000,
  followDirectorySymlinks: false,
  pruneHiddenDirectories: false,
}
