import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'

/** A control group with a limit of memory, for whoever joins it. cgroups(7), versions 1 and 2. */
export class MemoryGroup implements Disposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** `undefined` where none can be made: it takes root and a controller that is not elsewhere. */
  static create(limitBytes: number): MemoryGroup | undefined {
    for (const [parent, limitFile] of [
      ['/sys/fs/cgroup', 'memory.max'],
      ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ] as const) {
      const folder = `${parent}/execgate-test-${randomUUID()}`
      try {
        mkdirSync(folder)
      } catch {
        continue
      }
      const group = new MemoryGroup(folder)
      if (existsSync(`${folder}/${limitFile}`)) {
        writeFileSync(`${folder}/${limitFile}`, String(limitBytes))
        return group
      }
      group[Symbol.dispose]()
    }
    return undefined
  }

  /** What a process writes its pid to in order to join. */
  get membersFile(): string {
    return `${this.#folder}/cgroup.procs`
  }

  get isEmpty(): boolean {
    return readFileSync(this.membersFile, 'utf8') === ''
  }

  /** To be called when all members are gone. */
  [Symbol.dispose](): void {
    rmdirSync(this.#folder)
  }
}
