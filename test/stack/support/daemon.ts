import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'

/** A program of the pipeline, in a folder of its own. Disposing it ends it. */
export class Daemon implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #resources: AsyncDisposableStack
  #output = ''

  private constructor(child: ChildProcess, resources: AsyncDisposableStack) {
    this.#child = child
    this.#resources = resources
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.#output = (this.#output + bytes.toString()).slice(-20_000)
      })
    }
  }

  /** Resolves when `readyUrl` answers with success. */
  static async start(options: {
    file: string
    argv: (folder: string) => readonly string[]
    env?: Readonly<Record<string, string>>
    readyUrl: string
  }): Promise<Daemon> {
    await using resources = new AsyncDisposableStack()
    const folder = resources.use(await mkdtempDisposable(join(tmpdir(), 'execgate-stack-')))
    const child = spawn(options.file, options.argv(folder.path), {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], HOME: folder.path, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const daemon = new Daemon(child, resources.move())
    try {
      await daemon.#ready(options.readyUrl)
      return daemon
    } catch (error) {
      await daemon[Symbol.asyncDispose]()
      throw new Error(`${options.file} does not start: ${daemon.#output}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exited
    }
    await this.#resources.disposeAsync()
  }

  async #ready(url: string): Promise<void> {
    let isReady = false
    const asking = (async () => {
      while (!isReady && this.#child.exitCode === null) {
        isReady = await fetch(url).then(
          response => response.ok,
          () => false,
        )
      }
    })()
    await eventually(() => isReady || this.#child.exitCode !== null, 'it is ready')
    await asking
    if (!isReady) throw new Error(`it ended with ${this.#child.exitCode}`)
  }
}
