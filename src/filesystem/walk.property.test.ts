import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Folder, folders, isFolder, isLink, plant, type Tree } from '../../test/support/tree.ts'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import type { WalkedTree, WalkOptions } from '../protocol/filesystem-schemas.ts'
import { FileCalls } from '../libc/file-calls.ts'
import { openLibrary } from '../libc/library.ts'
import { BufferPools } from '../lifecycle/buffer-pools.ts'
import { PathUri } from '../protocol/path-uri.ts'
import { CachedFiles } from './cached-files.ts'
import { openTerritory } from './open-territory.ts'
import { everywhere } from './territory.ts'
import { walkTree } from './walk.ts'

/** Where links of the generated trees lead: relative to the folder they are in. */
const links = ['a', '.', '../a', '../..', 'nowhere', 'b/a', '.h']

interface Place {
  readonly uri: PathUri
  readonly depth: number
  readonly folder: Folder
  /** The folders it is in, outermost first, itself included. */
  readonly way: readonly Folder[]
}

const contents = new BufferPools([{ leastBytes: 1, bytes: 1000, maxFree: 1 }])

/** Directories are held without waiting, where that is possible, or by other threads. */
const ways = [new CachedFiles(FileCalls.open(openLibrary()), contents), new CachedFiles(undefined, contents)]

/** The rules once more, over a tree in memory. */
function walkModel(way: readonly [...Folder[], Folder], uri: PathUri, options: WalkOptions): WalkedTree {
  const root = way[way.length - 1] as Folder
  const entries: WalkedTree['entries'] = []
  const visited = new Set<Folder>([root])
  const queue: Place[] = [{ uri, depth: 0, folder: root, way }]
  let seen = 0
  let isTruncated = false
  for (const place of queue) {
    const names = Object.keys(place.folder).toSorted((one, other) =>
      Buffer.compare(Buffer.from(one), Buffer.from(other)),
    )
    for (const name of names) {
      const entry = place.folder[name] as Tree
      const found = resolve(entry, place.way, 0)
      if (found === undefined) continue
      if (seen === options.maxEntries) return { entries, errors: [], truncated: true }
      seen += 1
      const isDirectory = isFolder(found.tree)
      if (isLink(entry) && !(options.followDirectorySymlinks && isDirectory)) continue
      const child = place.uri.child(Buffer.from(name))
      entries.push({ path: child.canonical, kind: isDirectory ? 'directory' : 'file' })
      if (!isFolder(found.tree) || place.depth >= options.maxDepth) continue
      if (options.pruneHiddenDirectories && name.startsWith('.')) continue
      if (visited.has(found.tree)) continue
      if (visited.size >= options.maxDirectories) {
        isTruncated = true
        continue
      }
      visited.add(found.tree)
      queue.push({ uri: child, depth: place.depth + 1, folder: found.tree, way: found.way })
    }
  }
  return { entries, errors: [], truncated: isTruncated }
}

/** What an entry leads to within the tree; nothing when a link leads out of it, nowhere or around. */
function resolve(
  entry: Tree,
  way: readonly Folder[],
  hops: number,
): { tree: Exclude<Tree, { link: string }> | Folder; way: readonly Folder[] } | undefined {
  if (!isLink(entry)) return { tree: entry, way: isFolder(entry) ? [...way, entry] : way }
  if (hops > 40) return undefined
  let here: readonly Folder[] = way
  const steps = entry.link.split('/')
  for (const [index, step] of steps.entries()) {
    if (step === '.') continue
    if (step === '..') {
      here = here.slice(0, -1)
      continue
    }
    const next = here.at(-1)?.[step]
    const found = next === undefined ? undefined : resolve(next, here, hops + 1)
    if (found === undefined) return undefined
    if (!isFolder(found.tree)) return index === steps.length - 1 ? found : undefined
    here = found.way
  }
  const folder = here.at(-1)
  return folder === undefined ? undefined : { tree: folder, way: here }
}

it('lists what the rules say, whatever the tree and the bounds', async () => {
  const options = fc.record({
    maxDepth: fc.nat({ max: 4 }),
    maxDirectories: fc.integer({ min: 1, max: 8 }),
    maxEntries: fc.integer({ min: 1, max: 30 }),
    followDirectorySymlinks: fc.boolean(),
    pruneHiddenDirectories: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(folders(3, links), options, async (tree, bounds) => {
      using scratch = new ScratchFolder()
      // Two more levels above, so that no link of the tree can leave the scratch folder.
      const guarded: Folder = { up: { up: { root: tree } } }
      plant(join(scratch.path, 'guard'), guarded)
      const path = Buffer.from(join(scratch.path, 'guard/up/up/root'))
      const uri = PathUri.fromNative(path)
      const outer = guarded['up'] as Folder
      const model = walkModel([guarded, outer, outer['up'] as Folder, tree], uri, bounds)
      for (const territory of [everywhere, openTerritory({ fileRoots: [scratch.path], readOnlyFileRoots: [] })]) {
        for (const cached of ways) {
          const { signal } = new AbortController()
          const found = await walkTree({ territory, cached }, { path, uri }, bounds, signal)
          const { entries, errors, truncated } = found
          expect({ entries, errors, truncated }).toEqual(model)
        }
      }
    }),
    { numRuns: 150 },
  )
})
