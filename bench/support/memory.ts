import { setTimeout } from 'node:timers/promises'
import { readdirSync, readFileSync } from 'node:fs'

/** A gateway that does nothing gives back at least that much, and by then. */
const leastReleasedKib = 4096
const releaseMs = 20_000
const stepMs = 250
const steadyKib = 256

/** Memory of a process that is in RAM, shared pages included. proc_pid_status(5) */
export function residentKib(pid: number): number {
  return kibOf('VmRSS', readFileSync(`/proc/${pid}/status`, 'latin1'))
}

/** Memory that would be free without the process. proc_pid_smaps_rollup(5) */
export function privateKib(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  return kibOf('Private_Clean', rollup) + kibOf('Private_Dirty', rollup)
}

/** The child whose command line begins with the name. @throws when there is none */
export function childNamed(parent: number, name: string): number {
  const children = readdirSync(`/proc/${parent}/task`).flatMap(task =>
    readFileSync(`/proc/${parent}/task/${task}/children`, 'latin1').split(' ').filter(Boolean),
  )
  const found = children.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(name))
  if (found === undefined) throw new Error(`process ${parent} has no child ${name}`)
  return Number(found)
}

function kibOf(field: string, text: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1])
}

/** What is resident once a gateway has given memory back. */
export async function residentAfterRelease(pid: number): Promise<number> {
  let most = 0
  let previous = residentKib(pid)
  for (let waitedMs = 0; waitedMs < releaseMs; waitedMs += stepMs) {
    await setTimeout(stepMs)
    const now = residentKib(pid)
    // It takes two steps, and a moment; one that has only begun takes more at first.
    if (now < most - leastReleasedKib && Math.abs(now - previous) < steadyKib) return now
    most = Math.max(most, now)
    previous = now
  }
  throw new Error('the gateway has given no memory back')
}
