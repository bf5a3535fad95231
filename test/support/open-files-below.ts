import { readdirSync, readlinkSync } from 'node:fs'

/** Paths below a folder that this process has open. */
export function openFilesBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap(name => {
    const path = targetOf(`/proc/self/fd/${name}`)
    return path?.startsWith(`${folder}/`) === true ? [path] : []
  })
}

/** Undefined for the descriptor of the listing itself, which is closed by now. */
function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}
