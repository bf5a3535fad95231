import type { Stats } from 'node:fs'
import { lstat, opendir, realpath, stat } from 'node:fs/promises'
import type { CapabilityPath } from './capability-path.ts'
import { failureText } from './failure-text.ts'

/** What one walk may look at. */
const maxDepth = 6
const maxDirectories = 2000
const maxEntries = 20_000
/** Of one folder; a larger one is not looked into at all. */
const maxNames = 50_000
/** What the list may weigh: the text of its paths and messages, with a surcharge for each. */
const maxListBytes = 4 * 1024 * 1024
const surchargeBytes = 64

/** Asked of the operating system at the same time. */
const batchSize = 64

export interface Walk {
  /** Regular files, breadth first, sorted within each folder. Links to files are left out. */
  readonly files: readonly CapabilityPath[]
  /** What could not be looked at. */
  readonly errors: readonly { readonly uri: string; readonly message: string }[]
  /** Whether a bound cut it short. */
  readonly isTruncated: boolean
}

interface Entry {
  readonly path: CapabilityPath
  readonly stats: Stats
  readonly isLink: boolean
}

interface Folder {
  readonly path: CapabilityPath
  readonly depth: number
}

/**
 * Everything below a folder, links to folders followed, each folder once.
 * @throws the reason of the signal, or what the operating system says about the folder itself
 */
export async function walkCapabilities(root: CapabilityPath, signal: AbortSignal): Promise<Walk> {
  const walker = new Walker(await realpath(root.native, 'latin1'))
  const queue: Folder[] = [{ path: root, depth: 0 }]
  for (const folder of queue) {
    signal.throwIfAborted()
    if (!(await walker.enter(folder, queue))) break
  }
  return walker
}

class Walker implements Walk {
  readonly files: CapabilityPath[] = []
  readonly errors: { uri: string; message: string }[] = []
  isTruncated = false
  readonly #visited: Set<string>
  #entries = 0
  #listBytes = 0

  constructor(identity: string) {
    this.#visited = new Set([identity])
  }

  /** Lists one folder and queues those in it. @returns false when a bound has been reached that ends the walk */
  async enter({ path, depth }: Folder, queue: Folder[]): Promise<boolean> {
    let names: Buffer[]
    try {
      names = await namesIn(path)
    } catch (error) {
      return this.#note(path, error)
    }
    for (let start = 0; start < names.length; start += batchSize) {
      const batch = await Promise.all(names.slice(start, start + batchSize).map(name => look(path.child(name))))
      for (const entry of batch) {
        if (entry === undefined) continue
        if (!this.#list(entry)) return false
        if (!entry.stats.isDirectory() || depth >= maxDepth) continue
        if (!(await this.#queue({ path: entry.path, depth: depth + 1 }, queue))) return false
      }
    }
    return true
  }

  #list({ path, stats, isLink }: Entry): boolean {
    if (this.#entries === maxEntries) return this.#truncate()
    this.#entries += 1
    if (isLink && !stats.isDirectory()) return true
    if (!stats.isDirectory() && !stats.isFile()) return true
    if (!this.#charge(path.uri)) return this.#truncate()
    if (stats.isFile()) this.files.push(path)
    return true
  }

  async #queue(folder: Folder, queue: Folder[]): Promise<boolean> {
    let identity: string
    try {
      identity = await realpath(folder.path.native, 'latin1')
    } catch (error) {
      return this.#note(folder.path, error)
    }
    if (this.#visited.has(identity)) return true
    if (this.#visited.size >= maxDirectories) this.isTruncated = true
    else {
      this.#visited.add(identity)
      queue.push(folder)
    }
    return true
  }

  #note({ uri }: CapabilityPath, error: unknown): boolean {
    const message = failureText(error)
    if (!this.#charge(uri + message)) return this.#truncate()
    this.errors.push({ uri, message })
    return true
  }

  #charge(text: string): boolean {
    const bytes = surchargeBytes + Buffer.byteLength(text)
    if (this.#listBytes + bytes > maxListBytes) return false
    this.#listBytes += bytes
    return true
  }

  #truncate(): false {
    this.isTruncated = true
    return false
  }
}

/** Sorted by their bytes. */
async function namesIn({ native }: CapabilityPath): Promise<Buffer[]> {
  const names: Buffer[] = []
  // The types know names as text alone.
  // By its dot a folder cannot be listed without being searchable: what is in it could not be looked at.
  const folder = await opendir(Buffer.concat([native, Buffer.from('/.')]), {
    encoding: 'buffer' as BufferEncoding,
    bufferSize: batchSize,
  })
  for await (const { name } of folder) {
    if (names.length === maxNames) throw new Error(`fs/readDirectory returned more than ${maxNames} entries`)
    names.push(name as unknown as Buffer)
  }
  return names.toSorted((one, other) => Buffer.compare(one, other))
}

/** `undefined` for what is gone or leads nowhere. */
async function look(path: CapabilityPath): Promise<Entry | undefined> {
  try {
    const [stats, own] = await Promise.all([stat(path.native), lstat(path.native)])
    return { path, stats, isLink: own.isSymbolicLink() }
  } catch {
    return undefined
  }
}
