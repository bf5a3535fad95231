import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** State number of a listening socket in proc_net_tcp(5). */
const listening = '0A'

/** The IPv4 port a process listens on, for when it cannot tell. `undefined` while there is none. */
export function listeningPortOf(pid: number): number | undefined {
  const targets = new Set(readdirSync(`/proc/${pid}/fd`).map(descriptor => targetOf(pid, descriptor)))
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === listening && targets.has(`socket:[${inode}]`)) return parseInt(local?.split(':')[1] ?? '', 16)
  }
  return undefined
}

/** Empty for a descriptor that has been closed in the meantime. */
function targetOf(pid: number, descriptor: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
  } catch {
    return ''
  }
}
