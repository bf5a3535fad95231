import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type DisposableTempDir, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from './client.ts'

const launcher = fileURLToPath(new URL('../../bin/execgate.js', import.meta.url))

/** A server that has not ended by then is killed. */
const endMs = 10_000

/**
 * A server program in a process of its own, with the connections to it. Disposing it ends both; so does the end of the
 * bench, however early.
 */
export class Server implements AsyncDisposable {
  readonly pid: number
  readonly url: string
  readonly #resources: AsyncDisposableStack

  private constructor(child: ChildProcess, url: string, resources: AsyncDisposableStack) {
    this.pid = child.pid ?? -1
    this.url = url
    this.#resources = resources
  }

  /** This checkout's program, with its defaults and these variables. */
  static startGateway(this: void, variables: Readonly<Record<string, string>> = {}): Promise<Server> {
    return Server.#start(process.execPath, [launcher], variables)
  }

  /** The reference program, with an empty home. */
  static startReference(this: void, program: string): Promise<Server> {
    return Server.#start(program, [], {})
  }

  static async #start(
    file: string,
    leading: readonly string[],
    variables: Readonly<Record<string, string>>,
  ): Promise<Server> {
    await using starting = new AsyncDisposableStack()
    const home = starting.adopt(mkdtempDisposableSync(join(tmpdir(), 'execgate-bench-')), removeHome)
    const child = spawn(file, [...leading, 'exec-server', '--listen', 'ws://127.0.0.1:0'], {
      cwd: home.path,
      env: { PATH: process.env['PATH'], HOME: home.path, CODEX_HOME: home.path, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    starting.adopt(child, end)
    const endWithBench = () => child.kill()
    process.once('exit', endWithBench)
    starting.defer(() => {
      process.off('exit', endWithBench)
    })
    const url = await printedUrl(child)
    return new Server(child, url, starting.move())
  }

  /** A connection with a session of its own. */
  async connect(): Promise<Client> {
    return this.#resources.use(await Client.open(this.url))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

function removeHome(home: DisposableTempDir): void {
  home.remove()
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  const deadline = setTimeout(() => child.kill('SIGKILL'), endMs)
  child.kill()
  await exited
  clearTimeout(deadline)
}

/** The line the program prints once it listens. */
async function printedUrl(child: ChildProcess): Promise<string> {
  let printed = ''
  let logged = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (logged += text))
  child.stdout?.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdout?.on('data', (text: string) => {
      printed += text
      const url = /^(ws:\/\/\S+)\n/m.exec(printed)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('close', () => {
      reject(new Error(`${child.spawnfile} ended before it listened: ${logged}`))
    })
  })
}
