import { type FileHandle, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { JournalLock } from './journal-lock.ts'

/** A larger journal is not read: 50,000 files with the longest of names have less. */
const maxJournalBytes = 256 * 1024 * 1024

const Entry = z.union([
  z.object({ transfer: z.string() }),
  z.object({ target: z.string(), source: z.string(), partial: z.string() }),
  z.object({ target: z.string(), source: z.string(), result: z.string() }),
])
type Entry = z.output<typeof Entry>

/** A file that holds a beginning of the contents of a source. */
interface Partial {
  readonly source: string
  readonly partial: string
}

interface Finished {
  readonly source: string
  readonly result: string
}

/**
 * What a transfer has done, line by line in a file, for the run after one that was cut. Sources and results are identities: an
 * entry counts as long as they are the same. What is written elsewhere is announced before, what is finished recorded after.
 */
export class TransferJournal implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  readonly #lock: JournalLock
  readonly #partials = new Map<string, Partial[]>()
  readonly #finished = new Map<string, Finished>()

  private constructor(path: string, file: FileHandle, lock: JournalLock) {
    this.#path = path
    this.#file = file
    this.#lock = lock
  }

  /**
   * Goes on with the journal of the same transfer, and begins a new one in the place of any other.
   * @throws GatewayError `refused` while another run has it
   */
  static async open(path: string, transfer: string): Promise<TransferJournal> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await using opening = new AsyncDisposableStack()
    const lock = opening.use(await JournalLock.take(path))
    const [first, ...entries] = await readEntries(path)
    const isSame = first !== undefined && 'transfer' in first && first.transfer === transfer
    const file = opening.use(await open(path, isSame ? 'a' : 'w', 0o600))
    const journal = new TransferJournal(path, file, lock)
    // The last line may be torn: what follows has to begin on a line of its own.
    await file.appendFile(isSame ? '\n' : `${JSON.stringify({ transfer })}\n`)
    if (isSame) for (const entry of entries) journal.#take(entry)
    opening.move()
    return journal
  }

  /** Places that may hold a beginning of this source; the latest comes first. */
  partialsOf(target: string, source: string): string[] {
    return this.#partialsFor(target, entry => entry.source === source)
  }

  /** Places that hold something of what the source was before. */
  outdatedOf(target: string, source: string): string[] {
    return this.#partialsFor(target, entry => entry.source !== source)
  }

  /** What the target was when this source had been put there; undefined when it was not. */
  resultOf(target: string, source: string): string | undefined {
    const finished = this.#finished.get(target)
    return finished?.source === source ? finished.result : undefined
  }

  async announce(target: string, source: string, partial: string): Promise<void> {
    await this.#add({ target, source, partial })
  }

  async finish(target: string, source: string, result: string): Promise<void> {
    await this.#add({ target, source, result })
  }

  /** Everything is in place: the next run begins anew. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _lock = this.#lock
    await this.#file.close()
  }

  async #add(entry: Entry): Promise<void> {
    this.#take(entry)
    // In one write, so that lines of files that are copied at the same time do not mix.
    await this.#file.appendFile(`${JSON.stringify(entry)}\n`)
  }

  #take(entry: Entry): void {
    if ('partial' in entry) {
      const { target, source, partial } = entry
      this.#partials.set(target, [{ source, partial }, ...(this.#partials.get(target) ?? [])])
    } else if ('result' in entry) {
      this.#finished.set(entry.target, { source: entry.source, result: entry.result })
      this.#partials.delete(entry.target)
    }
  }

  #partialsFor(target: string, matches: (entry: Partial) => boolean): string[] {
    return (this.#partials.get(target) ?? []).filter(matches).map(({ partial }) => partial)
  }
}

async function readEntries(path: string): Promise<Entry[]> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || found.size > maxJournalBytes) return []
  const lines = (await readFile(path, 'utf8')).split('\n')
  return lines.flatMap(line => {
    const parsed = Entry.safeParse(jsonOf(line))
    return parsed.success ? [parsed.data] : []
  })
}

/** Undefined for a line that is none, such as one that a run was cut in. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
