import { type DisposableTempDir, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A folder that goes away with its block. */
export class ScratchFolder implements Disposable {
  readonly #folder: DisposableTempDir = mkdtempDisposableSync(join(tmpdir(), 'execgate-scratch-'))

  get path(): string {
    return this.#folder.path
  }

  /** As `cwd` takes it. */
  get uri(): string {
    return pathToFileURL(this.path).href
  }

  /**
   * Writes a file, the folders on its way included.
   * @param mode permissions, by default those of a script everybody may execute
   * @returns its path
   */
  write(name: string, content: string, mode = 0o755): string {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content, { mode })
    return path
  }

  [Symbol.dispose](): void {
    this.#folder.remove()
  }
}
