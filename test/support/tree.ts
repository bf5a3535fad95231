import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'

/** A directory tree in memory: text is the contents of a file. */
export type Tree = string | Link | Folder
export interface Link {
  readonly link: string
}
export interface Folder {
  readonly [name: string]: Tree
}

export function isFolder(tree: Tree | undefined): tree is Folder {
  return typeof tree === 'object' && !isLink(tree)
}

export function isLink(tree: Tree | undefined): tree is Link {
  return typeof tree === 'object' && typeof Reflect.get(tree, 'link') === 'string'
}

/** Makes the tree at a path. */
export function plant(path: string, tree: Tree): void {
  if (typeof tree === 'string') writeFileSync(path, tree)
  else if (isLink(tree)) symlinkSync(tree.link, path)
  else {
    mkdirSync(path)
    for (const [name, below] of Object.entries(tree)) plant(join(path, name), below)
  }
}

/** The tree that is at a path. */
export function harvest(path: string): Tree {
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) return { link: readlinkSync(path) }
  if (stats.isFile()) return readFileSync(path, 'utf8')
  return Object.fromEntries(readdirSync(path).map(name => [name, harvest(join(path, name))]))
}

/** Another name for a file. */
export const hardLink = linkSync

/** Few names, so that trees meet: hidden ones, and ones whose order differs between UTF-8 and UTF-16. */
export const nameOfFew = fc.constantFrom('a', 'b', '.h', 'Z', 'ä', '\u{ff5e}', '\u{1f600}', 'tab\tline\n', '%41')

/** Folders of files, links to other places in the same tree, and folders. */
export function folders(maxDepth: number, links: readonly string[]): fc.Arbitrary<Folder> {
  const file = fc.string({ maxLength: 4 })
  const leaf: fc.Arbitrary<Tree> =
    links.length === 0
      ? file
      : fc.oneof(
          file,
          fc.constantFrom(...links).map(link => ({ link })),
        )
  const entry =
    maxDepth === 0
      ? leaf
      : fc.oneof(
          leaf,
          fc.constant(maxDepth - 1).chain(depth => folders(depth, links)),
        )
  return fc.dictionary(nameOfFew, entry, { maxKeys: 4, noNullPrototype: true })
}
