import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { ScratchFolder } from './scratch-folder.ts'

export interface UntypedMount extends Disposable {
  readonly path: string
}

/**
 * Mounts a file system that does not tell what the entries of its directories are, until it is disposed.
 * @returns undefined where that is not allowed, or cannot be made
 */
export function untypedMount(): UntypedMount | undefined {
  using making = new DisposableStack()
  const folder = making.use(new ScratchFolder())
  const [image, path] = [join(folder.path, 'image'), join(folder.path, 'mounted')]
  folder.write('image', '')
  truncateSync(image, 8 * 1024 * 1024)
  mkdirSync(path)
  try {
    execFileSync('mkfs.ext4', ['-q', '-O', '^filetype', image], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  making.defer(() => {
    execFileSync('umount', [path], { stdio: 'pipe' })
  })
  const made = making.move()
  return { path, [Symbol.dispose]: () => made.dispose() }
}
