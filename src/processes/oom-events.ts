import { existsSync, readFileSync } from 'node:fs'

const root = '/sys/fs/cgroup'

/**
 * How often the kernel has killed something in the gateway's control group for want of memory. Looked at when a process
 * has died of a SIGKILL that the gateway did not send. cgroups(7): `memory.events` of version 2, `memory.oom_control` of
 * version 1, which say it alike.
 */
export class OomEvents {
  readonly #file: string | undefined
  #seen: number

  constructor(file = memoryEventsFile()) {
    this.#file = file
    this.#seen = this.#count()
  }

  /** Whether the kernel has killed since this was last asked. */
  hasKilled(): boolean {
    const before = this.#seen
    // It only grows, and is 0 when it cannot be read for once.
    this.#seen = Math.max(before, this.#count())
    return this.#seen > before
  }

  #count(): number {
    if (this.#file === undefined) return 0
    try {
      return Number(/^oom_kill (\d+)$/m.exec(readFileSync(this.#file, 'utf8'))?.[1] ?? 0)
    } catch {
      return 0
    }
  }
}

function memoryEventsFile(): string | undefined {
  let groups: string
  try {
    groups = readFileSync('/proc/self/cgroup', 'utf8')
  } catch {
    return undefined
  }
  const unified = /^0::(.*)$/m.exec(groups)?.[1]
  const memory = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1]
  const files = [
    ...(unified === undefined ? [] : [`${root}${unified}/memory.events`]),
    ...(memory === undefined ? [] : [`${root}/memory${memory}/memory.oom_control`]),
  ]
  return files.find(file => existsSync(file))
}
