import type { BigIntStats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createWithoutLinks, createWithParents } from './new-directory.ts'
import { PinnedDirectory } from './pinned-directory.ts'
import { type HeldPlace, placeOf } from './place.ts'

/** Good until it is disposed. */
export interface HeldDirectory extends AsyncDisposable {
  /** To list it by, and a prefix for what is in it. */
  readonly path: Buffer
}

export interface Approach {
  readonly followSymlinks: boolean
  /** Of a link at the very end: what it leads to, or itself. */
  readonly end: 'target' | 'link'
  /** Whether what is there, or the entry itself, is to be changed. */
  readonly changes: boolean
  /** Whether the entry and everything in it are to go. */
  readonly removes?: boolean
}

/** What of the file system the methods for files reach. Every path of a client is entered through one of these. */
export interface Territory {
  /** Whether the path is named inside. */
  reaches(path: Buffer): boolean
  /** Refuses a path that is named outside; looks at nothing. */
  refuseOutside(path: Buffer): void
  /** Refuses what must not be removed, because the territory begins there. */
  refuseBeginning(path: Buffer): void
  /** Whether what is at the path may be changed, if no link is on the way to it. */
  mayChange(path: Buffer): boolean
  /** What the kernel may do with links when it resolves the whole path in one call; `elsewhere` is to be resolved here. */
  links(path: Buffer, followSymlinks: boolean): 'followed' | 'refused' | 'elsewhere'
  /** Where an operation at the path takes place. */
  place(path: Buffer, approach: Approach): Promise<HeldPlace>
  /** The path without links of something that exists or, within bounds, is missing. */
  real(path: Buffer): Promise<Buffer>
  /** A directory by any path, links included. */
  directory(path: Buffer): Promise<HeldDirectory>
  /** A directory that is no link. */
  pin(path: Buffer): Promise<PinnedDirectory>
  /** What a link leads to. */
  targetStats(path: Buffer): Promise<BigIntStats>
  /** Creates a directory and what is missing above it, unless it is there. */
  createWithParents(path: Buffer, followSymlinks: boolean): Promise<void>
}

/** Whatever the user of the gateway may touch. */
export const everywhere: Territory = {
  reaches: () => true,
  refuseOutside: () => {},
  refuseBeginning: () => {},
  mayChange: () => true,
  links: (_path, followSymlinks) => (followSymlinks ? 'followed' : 'refused'),
  place: (path, { followSymlinks }) => placeOf(path, followSymlinks),
  real: path => realpath(path, { encoding: 'buffer' }),
  directory: async path => ({ path, [Symbol.asyncDispose]: async () => {} }),
  pin: path => PinnedDirectory.open(path),
  targetStats: path => stat(path, { bigint: true }),
  createWithParents: (path, followSymlinks) => (followSymlinks ? createWithParents(path) : createWithoutLinks(path)),
}
