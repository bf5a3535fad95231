import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Identity } from '../libc/file-calls.ts'
import { isErrno } from './errno.ts'
import { join, namesOf } from './native-path.ts'

/** A descriptor that names a directory and can do nothing else: needs no permission on it. open(2) */
const O_PATH = 0o10000000
const pinning = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

export function isSame(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino
}

/** What holds a directory open. */
export interface DirectoryHold {
  readonly descriptor: number
  identity(): Identity | Promise<Identity>
  /** Whether there are so few names in it that they may be listed at once; not where nobody knows. */
  readonly isSmall: boolean
  release(): void | Promise<void>
}

/**
 * A directory that is held by descriptor: what is looked up in it is looked up there, even when its path leads elsewhere
 * meanwhile. The way in is `/proc/self/fd`, which gives every asynchronous call of Node what `openat(2)` gives. proc(5)
 */
export class PinnedDirectory implements AsyncDisposable {
  readonly #hold: DirectoryHold
  readonly #path: Buffer

  /** Takes over the hold. */
  constructor(hold: DirectoryHold) {
    this.#hold = hold
    this.#path = Buffer.from(`/proc/self/fd/${hold.descriptor}`)
  }

  /** The last component may be no link; fails with ENOTDIR where it is. */
  static async open(path: Buffer): Promise<PinnedDirectory> {
    return new PinnedDirectory(holdOf(await open(path, pinning)))
  }

  /**
   * Follows no link on the way either.
   * @param onMissing called for a component that does not exist, which is then looked for again
   */
  static async openWithoutLinks(
    names: readonly Buffer[],
    onMissing?: (path: Buffer) => Promise<void>,
  ): Promise<PinnedDirectory> {
    let directory = await PinnedDirectory.open(Buffer.from('/'))
    for (const name of names) {
      await using parent = directory
      const path = parent.at(name)
      directory = await PinnedDirectory.open(path).catch(async (error: unknown) => {
        if (onMissing === undefined || !isErrno(error, 'ENOENT')) throw error
        await onMissing(path)
        return PinnedDirectory.open(path)
      })
    }
    return directory
  }

  /** The directory that holds the entry, no link on the way to it. */
  static openParent(path: Buffer): Promise<PinnedDirectory> {
    return PinnedDirectory.openWithoutLinks(namesOf(path).slice(0, -1))
  }

  /** A path of the entry, good while this is open. `.` and `..` are entries too. */
  at(name: Buffer | string): Buffer {
    return join(this.#path, typeof name === 'string' ? Buffer.from(name) : name)
  }

  get descriptor(): number {
    return this.#hold.descriptor
  }

  identity(): Identity | Promise<Identity> {
    return this.#hold.identity()
  }

  /** Whether there were so few names in it when it was opened that they may be listed at once. */
  get isSmall(): boolean {
    return this.#hold.isSmall
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hold.release()
  }
}

function holdOf(handle: FileHandle): DirectoryHold {
  return {
    descriptor: handle.fd,
    isSmall: false,
    identity: async () => {
      const { dev, ino } = await handle.stat({ bigint: true })
      return { dev, ino }
    },
    release: () => handle.close(),
  }
}
