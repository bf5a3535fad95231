import { once } from 'node:events'
import net from 'node:net'
import { ChildReaper } from '../../src/processes/child-reaper.ts'
import { type DescriptorSource, Libc } from '../../src/libc/libc.ts'

const O_RDONLY = 0
const devNull: DescriptorSource = { path: '/dev/null', flags: O_RDONLY }

/** What starting a process costs without a gateway: posix_spawn(3) in this process, with and without pipes. */
export class RawSpawner implements Disposable {
  readonly #libc = Libc.load()
  readonly #reaper = ChildReaper.open(this.#libc)

  /** Milliseconds from the spawn until the process has been waited for. It inherits no descriptor of ours. */
  async timeSpawn(): Promise<number> {
    const startedAt = performance.now()
    await this.#exitOf([devNull, devNull, devNull])
    return performance.now() - startedAt
  }

  /** The same with pipes for output and error, until both have been read to their end as well. */
  async timeSpawnWithPipes(): Promise<number> {
    const startedAt = performance.now()
    const [stdout, stdoutOfChild] = this.#libc.pipe()
    const [stderr, stderrOfChild] = this.#libc.pipe()
    const exited = this.#exitOf([devNull, { descriptor: stdoutOfChild }, { descriptor: stderrOfChild }])
    for (const descriptor of [stdoutOfChild, stderrOfChild]) this.#libc.close(descriptor)
    await Promise.all([exited, endOf(stdout), endOf(stderr)])
    return performance.now() - startedAt
  }

  [Symbol.dispose](): void {
    this.#reaper[Symbol.dispose]()
  }

  #exitOf(descriptors: readonly DescriptorSource[]): Promise<unknown> {
    const file = '/usr/bin/true'
    const pid = this.#libc.spawn({ file, argv: [file], environment: [], cwd: Buffer.from('/'), descriptors })
    return new Promise(resolve => {
      this.#reaper.watch(pid, resolve)
    })
  }
}

function endOf(descriptor: number): Promise<unknown> {
  const socket = new net.Socket({ fd: descriptor, readable: true, writable: false })
  socket.resume()
  return once(socket, 'end')
}
