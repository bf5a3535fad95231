import { execFileSync } from 'node:child_process'
import { type DisposableTempDir, mkdtempDisposableSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Something a child waits at until the test says so: `read go < PATH` in a shell script returns once the gate has been
 * opened. A FIFO in a folder of its own, fifo(7).
 */
export class Gate implements Disposable {
  readonly path: string
  readonly #folder: DisposableTempDir

  constructor() {
    this.#folder = mkdtempDisposableSync(join(tmpdir(), 'execgate-gate-'))
    this.path = join(this.#folder.path, 'gate')
    execFileSync('mkfifo', [this.path])
  }

  /** Lets one child go on. Resolves when one has come. */
  async open(): Promise<void> {
    await writeFile(this.path, 'go\n')
  }

  [Symbol.dispose](): void {
    this.#folder.remove()
  }
}
