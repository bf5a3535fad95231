import type { WalkedTree } from '../protocol/filesystem-schemas.ts'
import { maxWalkBytes, walkItemBytes } from './filesystem-limits.ts'

/** What a walk has found, within the budget of one reply. */
export class WalkReport implements WalkedTree {
  readonly entries: WalkedTree['entries'] = []
  readonly errors: WalkedTree['errors'] = []
  truncated = false
  #bytes = 0

  /** @returns false when there is no room for it and the walk is over */
  addEntry(path: string, kind: 'directory' | 'file'): boolean {
    if (!this.#takes(path.length)) return false
    this.entries.push({ path, kind })
    return true
  }

  /** @returns false when there is no room for it and the walk is over */
  addError(path: string, message: string): boolean {
    if (!this.#takes(path.length + Buffer.byteLength(message))) return false
    this.errors.push({ path, message })
    return true
  }

  /** Something is left out. */
  truncate(): false {
    this.truncated = true
    return false
  }

  #takes(bytes: number): boolean {
    if (this.#bytes + walkItemBytes + bytes > maxWalkBytes) return this.truncate()
    this.#bytes += walkItemBytes + bytes
    return true
  }
}
