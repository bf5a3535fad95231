import { constants } from 'node:fs'
import type { Library } from './library.ts'

const AT_FDCWD = -100
const AT_EMPTY_PATH = 0x1000
const AT_STATX_DONT_SYNC = 0x4000
const SYS_openat2 = 437
const RWF_NOWAIT = 8

const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } = constants
const O_PATH = 0o10000000
const O_CLOEXEC = 0o2000000

const RESOLVE_NO_SYMLINKS = 0x04
const RESOLVE_CACHED = 0x20

const STATX_INO = 0x100
const STATX_BASIC_STATS = 0x7ff
const STATX_BTIME = 0x800
const STATX_MNT_ID_UNIQUE = 0x4000
const neededFields = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID_UNIQUE

/** `struct statx`. statx(2) */
const statxBytes = 256
/** `struct open_how`. openat2(2) */
const openHowBytes = 24
/** Longer paths are left to others. PATH_MAX */
const maxPathBytes = 4095

/** What tells two files apart, whatever they are called. */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

/** What is opened: something to look at, contents to read, or contents to write over. */
export type Opening = 'look' | 'read' | 'write'

export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  readonly size: number
  readonly createdAtMs: number
  readonly modifiedAtMs: number
  /** Of the mount it is in; never used again for another one. */
  readonly mountId: bigint
}

/**
 * System calls about files that do not wait for a disk or a server, and therefore need no other thread; opening to write does not on file
 * systems that write in place. What would have to wait is `undefined`, and so is whatever fails: who has the time asks again and is told why.
 */
export class FileCalls {
  readonly #openat2: (call: number, directory: number, path: Buffer, how: Buffer, bytes: number) => number | bigint
  readonly #statx: (descriptor: number, path: Buffer, flags: number, fields: number, into: Buffer) => number
  readonly #preadv2: (
    descriptor: number,
    pieces: { readonly base: Buffer; readonly len: number },
    count: number,
    offset: number,
    flags: number,
  ) => number
  readonly #close: (descriptor: number) => number
  readonly #path = Buffer.alloc(maxPathBytes + 1)
  readonly #how = Buffer.alloc(openHowBytes)
  readonly #stats = Buffer.alloc(statxBytes)
  readonly #noPath = Buffer.alloc(1)

  private constructor({ bind, koffi }: Library) {
    this.#openat2 = bind('long syscall(long number, int directory, const void *path, const void *how, size_t bytes)')
    this.#statx = bind('int statx(int directory, const void *path, int flags, uint fields, void *into)')
    this.#close = bind('int close(int fd)')
    const piece = koffi.pointer(koffi.struct({ base: 'void *', len: 'size_t' }))
    this.#preadv2 = bind('preadv2', { returns: 'long', takes: ['int', piece, 'int', 'long', 'int'] })
  }

  /** @returns undefined where the kernel has no openat2(2) that keeps to its caches (before 5.12) or reuses the ids of mounts (before 6.8) */
  static open(library: Library): FileCalls | undefined {
    const calls = new FileCalls(library)
    const root = calls.openFile(Buffer.from('/'), 'look', true)
    if (root === undefined) return undefined
    using _root = { [Symbol.dispose]: () => calls.close(root) }
    return calls.facts(root) === undefined ? undefined : calls
  }

  /**
   * openat2(2) of a path the kernel has in its caches, all of it. A link at the end is opened itself, and only to look at.
   * @param directory where a relative path begins
   */
  openFile(path: Buffer, opening: Opening, followLinks: boolean, directory = AT_FDCWD): number | undefined {
    if (path.length > maxPathBytes) return undefined
    this.#path[path.copy(this.#path)] = 0
    this.#how.writeUInt32LE(flagsOf[opening], 0)
    this.#how.writeUInt32LE(followLinks ? RESOLVE_CACHED : RESOLVE_CACHED | RESOLVE_NO_SYMLINKS, 16)
    const descriptor = Number(this.#openat2(SYS_openat2, directory, this.#path, this.#how, openHowBytes))
    return descriptor < 0 ? undefined : descriptor
  }

  /** statx(2) as the kernel remembers it. */
  facts(descriptor: number): FileFacts | undefined {
    const stats = this.#stats
    const result = this.#statx(descriptor, this.#noPath, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, neededFields, stats)
    if (result < 0 || (stats.readUInt32LE(0) & neededFields) !== neededFields) return undefined
    return {
      kind: kindOf(stats.readUInt16LE(28)),
      size: Number(stats.readBigUInt64LE(40)),
      createdAtMs: millisecondsAt(stats, 80),
      modifiedAtMs: millisecondsAt(stats, 112),
      mountId: stats.readBigUInt64LE(144),
    }
  }

  /** The numbers that stat(2) tells as well. */
  identity(descriptor: number): Identity | undefined {
    const stats = this.#stats
    if (this.#statx(descriptor, this.#noPath, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, stats) < 0)
      return undefined
    return { dev: deviceNumber(stats.readUInt32LE(136), stats.readUInt32LE(140)), ino: stats.readBigUInt64LE(32) }
  }

  /** preadv2(2) of what is in memory. 0 at the end of the file. */
  readAt(descriptor: number, into: Buffer, offset: number): number | undefined {
    const count = this.#preadv2(descriptor, { base: into, len: into.length }, 1, offset, RWF_NOWAIT)
    return count < 0 ? undefined : count
  }

  close(descriptor: number): void {
    this.#close(descriptor)
  }
}

const flagsOf: Readonly<Record<Opening, number>> = {
  look: O_PATH | O_NOFOLLOW | O_CLOEXEC,
  read: O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
  write: O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
}

function kindOf(mode: number): FileFacts['kind'] {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 'file'
    case S_IFDIR:
      return 'directory'
    case S_IFLNK:
      return 'link'
    default:
      return 'other'
  }
}

/** As the C library puts it together. makedev(3) */
function deviceNumber(major: number, minor: number): bigint {
  const [upper, lower] = [BigInt(major), BigInt(minor)]
  return ((upper & 0xfffff000n) << 32n) | ((upper & 0xfffn) << 8n) | ((lower & 0xffffff00n) << 12n) | (lower & 0xffn)
}

/** `struct statx_timestamp`, in whole milliseconds. */
function millisecondsAt(stats: Buffer, offset: number): number {
  return Number(stats.readBigInt64LE(offset)) * 1000 + Math.floor(stats.readUInt32LE(offset + 8) / 1e6)
}
