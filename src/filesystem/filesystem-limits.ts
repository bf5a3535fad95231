import { maxReplyBytes } from '../protocol/limits.ts'

/** Largest file the protocol lets anybody read at once. */
export const maxFileBytes = 512 * 1024 * 1024

/** Largest file that fits into one reply: base64 takes four characters for three bytes, the envelope the rest. */
export const maxWholeFileBytes = Math.floor((maxReplyBytes - 2048) / 4) * 3

/** Longest handle id, in UTF-8 bytes. */
export const maxHandleIdBytes = 32

/** Handles of one connection, whatever they were opened for. */
export const maxFileHandles = 128

/** Largest block that is read or written by one request. */
export const maxBlockBytes = 1024 * 1024

/** Contents of one connection that wait to be written: two messages of the largest size. */
export const maxUnwrittenBytes = 128 * 1024 * 1024

/** Entries of one directory that are listed. */
export const maxDirectoryEntries = 50_000

/** Bounds that a walk may ask for. */
export const walkMaximums = { depth: 64, directories: 10_000, entries: 50_000 } as const

/** Names of one directory that a walk puts in order. */
export const maxWalkedNames = 1_000_000

/** What a walk may report: each path and message with a surcharge for what is around it. */
export const maxWalkBytes = 4 * 1024 * 1024
export const walkItemBytes = 64

/** Paths of one watch, and directories on the way to them. */
export const maxWatchedPaths = 64
export const maxWatchedDirectories = 64

/** Trees one connection watches, and directories of one tree. */
export const maxTreeWatches = 8
export const maxTreeDirectories = 4096

/** Changed paths that wait to be told; beyond it the client is told to look again. */
export const maxChangedPaths = 1000
