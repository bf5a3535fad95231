import { EpollSet } from './epoll-set.ts'
import { type Library, openLibrary } from './library.ts'
import { bindProcessSymbols, type ProcessSymbols } from './process-symbols.ts'
import { SystemError } from './system-error.ts'

export const errnos = {
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  ENOEXEC: 8,
  ECHILD: 10,
  EAGAIN: 11,
  EACCES: 13,
  ENOTDIR: 20,
  EIO: 5,
} as const

const O_RDWR = 0o2
const O_NOCTTY = 0o400
const O_NONBLOCK = 0o4000
const O_CLOEXEC = 0o2000000
const X_OK = 1
const WNOHANG = 1
const AF_UNIX = 1
const SOCK_STREAM = 1
const TIOCGPGRP = 0x540f
const TIOCSWINSZ = 0x5414
const PR_SET_CHILD_SUBREAPER = 36
const SYS_pidfd_send_signal = 424
const SYS_pidfd_open = 434
const SYS_landlock_create_ruleset = 444
const LANDLOCK_CREATE_RULESET_VERSION = 1

const RLIM_INFINITY = 2n ** 64n - 1n

const POSIX_SPAWN_SETSIGDEF = 0x04
const POSIX_SPAWN_SETSIGMASK = 0x08
const POSIX_SPAWN_SETSID = 0x80

/** Sizes of glibc's opaque structures, rounded up: x86-64 and arm64 need 336, 80 and 128 bytes. */
const spawnAttributesBytes = 512
const fileActionsBytes = 256
const signalSetBytes = 128
const resourceUsageBytes = 144

/** Where a descriptor of the new process comes from. */
export type DescriptorSource =
  | { readonly descriptor: number }
  | { readonly path: string; readonly flags: number }
  /** The same as an earlier descriptor of the new process. */
  | { readonly sameAs: number }

export interface SpawnPlan {
  /** File to execute. No search takes place. */
  readonly file: string
  readonly argv: readonly string[]
  /** `NAME=value` strings. */
  readonly environment: readonly string[]
  /** Native path bytes. */
  readonly cwd: Buffer
  /** Descriptors 0, 1, 2 of the new process. Everything above is closed. */
  readonly descriptors: readonly DescriptorSource[]
}

export interface WaitedChild {
  readonly exitCode: number | undefined
  readonly signal: number | undefined
  /** User and system time of the child and its waited-for descendants. */
  readonly cpuSeconds: number
  /** Largest resident set, but never less than that of the process that spawned it had been by then. getrusage(2) */
  readonly peakMemoryBytes: number
}

/**
 * The C library, as far as processes need it. Every call is synchronous and short;
 * a failed call throws SystemError unless its signature says otherwise.
 */
export class Libc {
  /** What else may be asked of it. */
  readonly library: Library
  readonly #call: ProcessSymbols
  readonly #attributes = Buffer.alloc(spawnAttributesBytes)
  readonly #usage = Buffer.alloc(resourceUsageBytes)
  readonly #status = Buffer.alloc(4)

  private constructor(library: Library) {
    this.library = library
    this.#call = bindProcessSymbols(library)
    this.#prepareAttributes()
  }

  /**
   * Loads koffi and binds the symbols.
   * @throws when this is not Linux, koffi is missing, or the C library lacks a symbol (glibc before 2.34, musl)
   */
  static load(): Libc {
    return new Libc(openLibrary())
  }

  /** posix_spawn(3) as leader of a new session and group, with default signals, an empty mask and no descriptor above 2. */
  spawn(plan: SpawnPlan): number {
    const actions = Buffer.alloc(fileActionsBytes)
    const call = this.#call
    this.#check(call.actionsInit(actions))
    try {
      this.#check(call.actionsAddChdir(actions, Buffer.concat([plan.cwd, Buffer.alloc(1)])))
      for (const [target, source] of plan.descriptors.entries()) {
        if ('path' in source) this.#check(call.actionsAddOpen(actions, target, source.path, source.flags, 0))
        else this.#check(call.actionsAddDup2(actions, 'sameAs' in source ? source.sameAs : source.descriptor, target))
      }
      this.#check(call.actionsAddCloseFrom(actions, plan.descriptors.length))
      this.#check(
        call.spawn(
          this.#status,
          plan.file,
          actions,
          this.#attributes,
          [...plan.argv, null],
          [...plan.environment, null],
        ),
      )
      return this.#status.readInt32LE()
    } finally {
      call.actionsDestroy(actions)
    }
  }

  /** wait4(2) without blocking: `undefined` while the child lives. */
  wait(pid: number): WaitedChild | undefined {
    const waited = this.#call.wait4(pid, this.#status, WNOHANG, this.#usage)
    if (waited === 0) return undefined
    if (waited < 0) throw this.#failure()
    const status = this.#status.readInt32LE()
    const signal = status & 0x7f
    const seconds = (offset: number) =>
      Number(this.#usage.readBigInt64LE(offset)) + Number(this.#usage.readBigInt64LE(offset + 8)) / 1e6
    return {
      exitCode: signal === 0 ? (status >> 8) & 0xff : undefined,
      signal: signal === 0 ? undefined : signal,
      cpuSeconds: seconds(0) + seconds(16),
      peakMemoryBytes: Number(this.#usage.readBigInt64LE(32)) * 1024,
    }
  }

  /** A pipe whose ends are closed on exec: [read end, write end]. */
  pipe(): [number, number] {
    return this.#pair(pair => this.#call.pipe2(pair, O_CLOEXEC))
  }

  /** A connected pair of stream sockets, closed on exec. */
  socketPair(): [number, number] {
    return this.#pair(pair => this.#call.socketpair(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, pair))
  }

  /** A new pseudo-terminal: the descriptor of its master, non-blocking, and the path of its slave. pty(7) */
  openTerminal(): { master: number; slavePath: string } {
    const master = this.#result(this.#call.openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK))
    try {
      this.#result(this.#call.grantpt(master))
      this.#result(this.#call.unlockpt(master))
      const name = Buffer.alloc(64)
      this.#check(this.#call.ptsname(master, name, name.length))
      return { master, slavePath: name.toString('latin1', 0, name.indexOf(0)) }
    } catch (error) {
      this.close(master)
      throw error
    }
  }

  resizeTerminal(master: number, rows: number, columns: number): void {
    const size = Buffer.alloc(8)
    size.writeUInt16LE(rows, 0)
    size.writeUInt16LE(columns, 2)
    this.#result(this.#call.ioctl(master, TIOCSWINSZ, 'void *', size))
  }

  /** The process group in the foreground of a terminal; `undefined` when there is none. */
  foregroundGroup(master: number): number | undefined {
    if (this.#call.ioctl(master, TIOCGPGRP, 'void *', this.#status) < 0) return undefined
    const group = this.#status.readInt32LE()
    return group > 0 ? group : undefined
  }

  /** Makes `target` another name of `descriptor`, closing what it was. Closed on exec. */
  replaceDescriptor(descriptor: number, target: number): void {
    this.#result(this.#call.dup3(descriptor, target, O_CLOEXEC))
  }

  /** read(2): the number of bytes, 0 at the end, `undefined` when nothing is there yet. */
  read(descriptor: number, into: Buffer): number | undefined {
    for (;;) {
      const count = this.#call.read(descriptor, into, into.length)
      if (count >= 0) return count
      const errno = this.library.errno()
      if (errno === errnos.EAGAIN) return undefined
      // The master of a terminal without a holder on the other side reports its end like this.
      if (errno === errnos.EIO) return 0
      if (errno !== errnos.EINTR) throw this.#failure(errno)
    }
  }

  close(descriptor: number): void {
    this.#call.close(descriptor)
  }

  /** access(2): the error number for which the calling user may not execute the file; `undefined` if there is none. A directory passes. */
  whyNotExecutable(path: string): number | undefined {
    return this.#call.access(path, X_OK) === 0 ? undefined : this.library.errno()
  }

  /**
   * kill(2) on a process group.
   * @returns false when the group has no member left
   */
  signalGroup(group: number, signal: number): boolean {
    if (this.#call.kill(-group, signal) === 0) return true
    const errno = this.library.errno()
    if (errno === errnos.ESRCH) return false
    throw this.#failure(errno)
  }

  /** Descendants whose parents are gone become children of this process, which has to wait for them. prctl(2) */
  adoptOrphans(): void {
    this.#result(this.#call.prctl(PR_SET_CHILD_SUBREAPER, 'ulong', 1, 'ulong', 0, 'ulong', 0, 'ulong', 0))
  }

  /** pidfd_open(2); `undefined` when the process is gone. */
  openPidDescriptor(pid: number): number | undefined {
    const descriptor = Number(this.#call.syscall(SYS_pidfd_open, 'int', pid, 'uint', 0))
    if (descriptor >= 0) return descriptor
    const errno = this.library.errno()
    if (errno === errnos.ESRCH) return undefined
    throw this.#failure(errno)
  }

  /** pidfd_send_signal(2). A process that is gone is no error. */
  signalByDescriptor(pidDescriptor: number, signal: number): void {
    if (
      Number(
        this.#call.syscall(SYS_pidfd_send_signal, 'int', pidDescriptor, 'int', signal, 'void *', null, 'uint', 0),
      ) < 0
    ) {
      const errno = this.library.errno()
      if (errno !== errnos.ESRCH) throw this.#failure(errno)
    }
  }

  /**
   * prlimit(2): the soft limit of a process, 0 for the calling one, on a resource by its number.
   * `Infinity` stands for no limit.
   */
  limitOf(pid: number, resource: number): number {
    const limits = Buffer.alloc(16)
    this.#result(this.#call.prlimit(pid, resource, null, limits))
    const soft = limits.readBigUInt64LE()
    return soft === RLIM_INFINITY ? Infinity : Number(soft)
  }

  /** The version of landlock(7) that the kernel has, from 1. */
  landlockVersion(): number {
    return this.#result(
      Number(
        this.#call.syscall(
          SYS_landlock_create_ruleset,
          'void *',
          null,
          'size_t',
          0,
          'uint',
          LANDLOCK_CREATE_RULESET_VERSION,
        ),
      ),
    )
  }

  /** An empty set of descriptors to watch, closed on exec. */
  openEpollSet(): EpollSet {
    return new EpollSet(this.#call, this.library.errno)
  }

  #pair(open: (pair: Buffer) => number): [number, number] {
    const pair = Buffer.alloc(8)
    this.#result(open(pair))
    return [pair.readInt32LE(0), pair.readInt32LE(4)]
  }

  #prepareAttributes(): void {
    const call = this.#call
    // Not sigfillset(3): it leaves out the two signals glibc has for itself, and then children are born ignoring them.
    const all = Buffer.alloc(signalSetBytes, 0xff)
    const none = Buffer.alloc(signalSetBytes)
    for (const unchangeable of [9, 19]) call.sigdelset(all, unchangeable)
    call.sigemptyset(none)
    this.#check(call.attributesInit(this.#attributes))
    this.#check(call.attributesSetSigDefault(this.#attributes, all))
    this.#check(call.attributesSetSigMask(this.#attributes, none))
    this.#check(
      call.attributesSetFlags(this.#attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID),
    )
  }

  /** For functions that return an error number. */
  #check(errno: number): void {
    if (errno !== 0) throw this.#failure(errno)
  }

  /** For functions that return -1 and set errno. */
  #result(value: number): number {
    if (value < 0) throw this.#failure()
    return value
  }

  #failure(errno = this.library.errno()): SystemError {
    return new SystemError(errno)
  }
}
