import { constants } from 'node:fs'
import os from 'node:os'
import type { Library } from './library.ts'

const { ENOENT } = os.constants.errno

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
/** `struct iovec`. readv(2) */
const iovecBytes = 16
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
  readonly mountId: number
}

/**
 * System calls about files that do not wait for a disk or a server, and therefore need no other thread; opening to write does not on file
 * systems that write in place. What would have to wait is `undefined`, and so is whatever fails: who has the time asks again and is told why.
 */
export class FileCalls {
  readonly #openat2: (call: number, directory: number, path: Buffer, how: Buffer, bytes: number) => number | bigint
  readonly #statx: (descriptor: number, path: Buffer, flags: number, fields: number, into: Buffer) => number
  readonly #preadv2: (descriptor: number, pieces: Buffer, count: number, offset: number, flags: number) => number
  readonly #addressOf: (buffer: Buffer) => bigint
  readonly #errno: Library['errno']
  readonly #close: (descriptor: number) => number
  readonly #path = Buffer.alloc(maxPathBytes + 1)
  readonly #stats = Buffer.alloc(statxBytes)
  readonly #view = new DataView(this.#stats.buffer, this.#stats.byteOffset, statxBytes)
  readonly #noPath = Buffer.alloc(1)
  readonly #piece = Buffer.alloc(iovecBytes)

  private constructor({ bind, koffi, errno }: Library) {
    this.#errno = errno
    this.#openat2 = bind('long syscall(long number, int directory, const void *path, const void *how, size_t bytes)')
    this.#statx = bind('int statx(int directory, const void *path, int flags, uint fields, void *into)')
    this.#close = bind('int close(int fd)')
    this.#preadv2 = bind('long preadv2(int fd, const void *pieces, int count, long offset, int flags)')
    this.#addressOf = buffer => koffi.address(buffer)
  }

  /** @returns undefined where the kernel has no openat2(2) that keeps to its caches (before 5.12) or reuses the ids of mounts (before 6.8) */
  static open(library: Library): FileCalls | undefined {
    const calls = new FileCalls(library)
    const root = calls.openFile(Buffer.from('/'), 'look', true)
    if (typeof root !== 'number') return undefined
    using _root = { [Symbol.dispose]: () => calls.close(root) }
    return calls.facts(root) === undefined ? undefined : calls
  }

  /**
   * openat2(2) of a path the kernel has in its caches, all of it. A link at the end is opened itself, and only to look at.
   * @param directory where a relative path begins
   * @returns `missing` where the kernel remembers that there is nothing
   */
  openFile(path: Buffer, opening: Opening, followLinks: boolean, directory = AT_FDCWD): number | 'missing' | undefined {
    if (path.length > maxPathBytes) return undefined
    this.#path[path.copy(this.#path)] = 0
    const how = (followLinks ? followingLinks : refusingLinks)[opening]
    const descriptor = Number(this.#openat2(SYS_openat2, directory, this.#path, how, openHowBytes))
    if (descriptor >= 0) return descriptor
    return this.#errno() === ENOENT ? 'missing' : undefined
  }

  /** statx(2) as the kernel remembers it. */
  facts(descriptor: number): FileFacts | undefined {
    const flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC
    if (this.#statx(descriptor, this.#noPath, flags, neededFields, this.#stats) < 0) return undefined
    const stats = this.#view
    if ((stats.getUint32(0, true) & neededFields) !== neededFields) return undefined
    return {
      kind: kindOf(stats.getUint16(28, true)),
      size: unsigned64(stats, 40),
      createdAtMs: millisecondsAt(stats, 80),
      modifiedAtMs: millisecondsAt(stats, 112),
      mountId: unsigned64(stats, 144),
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
    if (into.length === 0) return 0
    const piece = this.#piece
    piece.writeBigUInt64LE(this.#addressOf(into), 0)
    piece.writeUInt32LE(into.length, 8)
    const count = this.#preadv2(descriptor, piece, 1, offset, RWF_NOWAIT)
    return count < 0 ? undefined : count
  }

  close(descriptor: number): void {
    this.#close(descriptor)
  }
}

const followingLinks = openings(RESOLVE_CACHED)
const refusingLinks = openings(RESOLVE_CACHED | RESOLVE_NO_SYMLINKS)

function openings(resolve: number): Readonly<Record<Opening, Buffer>> {
  return {
    look: openHow(O_PATH | O_NOFOLLOW | O_CLOEXEC, resolve),
    read: openHow(O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, resolve),
    write: openHow(O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, resolve),
  }
}

function openHow(flags: number, resolve: number): Buffer {
  const how = Buffer.alloc(openHowBytes)
  how.writeUInt32LE(flags, 0)
  how.writeUInt32LE(resolve, 16)
  return how
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

/** Exact up to 2^53 - 1. */
function unsigned64(stats: DataView, offset: number): number {
  return stats.getUint32(offset, true) + stats.getUint32(offset + 4, true) * 2 ** 32
}

/** `struct statx_timestamp`, in whole milliseconds. */
function millisecondsAt(stats: DataView, offset: number): number {
  const seconds = stats.getUint32(offset, true) + stats.getInt32(offset + 4, true) * 2 ** 32
  return seconds * 1000 + Math.floor(stats.getUint32(offset + 8, true) / 1e6)
}
