import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ScratchFolder } from './scratch-folder.ts'

/** A directory of an overlay file system, and the one below it. */
export interface OverlayMount extends Disposable {
  readonly path: string
  readonly lower: string
}

/**
 * Mounts an overlay over files by their names, until it is disposed.
 * @returns undefined where that is not allowed
 */
export function overlayMount({
  lower,
}: {
  readonly lower: Readonly<Record<string, string>>
}): OverlayMount | undefined {
  using making = new DisposableStack()
  const folder = making.use(new ScratchFolder())
  for (const [name, text] of Object.entries(lower)) folder.write(`lower/${name}`, text)
  for (const name of ['upper', 'work', 'merged']) mkdirSync(join(folder.path, name))
  const at = (name: string) => join(folder.path, name)
  const layers = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`
  try {
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, at('merged')], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  making.defer(() => {
    try {
      execFileSync('umount', [at('merged')], { stdio: 'pipe' })
    } catch (error) {
      // What is left open below fails the test, and must not keep the mount for ever.
      execFileSync('umount', ['--lazy', at('merged')])
      throw error
    }
  })
  const mounted = making.move()
  return { path: at('merged'), lower: at('lower'), [Symbol.dispose]: () => mounted.dispose() }
}
