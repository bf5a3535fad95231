import { realpathSync, statSync } from 'node:fs'
import { FileRoots } from './file-roots.ts'
import { isRoot } from './native-path.ts'
import { everywhere, type Territory } from './territory.ts'

/** Folders as an operator names them, which may be links. */
interface NamedRoots {
  readonly fileRoots: readonly string[]
  readonly readOnlyFileRoots: readonly string[]
}

/**
 * Everywhere, if no folder is named.
 * @throws Error with a sentence for the operator, when one is no directory, or both read-only and not
 */
export function openTerritory({ fileRoots, readOnlyFileRoots }: NamedRoots): Territory {
  const changed = fileRoots.map(root => ({ path: realRoot('file-roots', root), isReadOnly: false }))
  const read = readOnlyFileRoots.map(root => ({ path: realRoot('read-only-file-roots', root), isReadOnly: true }))
  const both = read.find(({ path }) => changed.some(root => root.path.equals(path)))
  if (both !== undefined) {
    throw new Error(`read-only-file-roots: ${JSON.stringify(both.path.toString())} is named by file-roots too`)
  }
  const isUnbound = read.length === 0 && (changed.length === 0 || changed.some(({ path }) => isRoot(path)))
  return isUnbound ? everywhere : new FileRoots([...changed, ...read])
}

function realRoot(option: string, root: string): Buffer {
  try {
    const path = realpathSync(root, { encoding: 'buffer' })
    if (statSync(path).isDirectory()) return path
  } catch (error) {
    throw new Error(`${option}: ${JSON.stringify(root)} cannot be used`, { cause: error })
  }
  throw new Error(`${option}: ${JSON.stringify(root)} is not a directory`)
}
