import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Environment } from '../../config/sources.ts'
import type { PathUri } from '../../protocol/path-uri.ts'
import type { CopyRequest } from './copy-request.ts'

/** What nobody has taken up for so long is forgotten. */
const keptMs = 30 * 24 * 60 * 60 * 1000

/** Where copies record how far they are: XDG Base Directory Specification. Undefined without a home. */
export function copyJournals(environment: Environment): string | undefined {
  const { XDG_STATE_HOME: state, HOME: home } = environment
  if (state !== undefined && isAbsolute(state)) return join(state, 'execgate', 'copies')
  if (home !== undefined && isAbsolute(home)) return join(home, '.local', 'state', 'execgate', 'copies')
  return undefined
}

/** Whether copies can be recorded there: not every user has a home that can be written to. */
export function canRecordIn(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The journal of one copy, by what is copied where: whoever looks into the folder learns nothing of it by its name. */
export function journalName({ url, direction }: CopyRequest, here: Buffer, there: PathUri): string {
  const hash = createHash('sha256')
  for (const part of [url, direction, there.canonical]) hash.update(part).update('\0')
  return `${hash.update(here).digest('hex')}.jsonl`
}

/** Removes journals that nobody has gone on with. */
export function forgetOldJournals(folder: string, now: number): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (/\.jsonl(\.lock)?$/.test(name) && stats !== undefined && now - stats.mtimeMs > keptMs)
      rmSync(path, { force: true })
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // None has been written yet.
    return []
  }
}
