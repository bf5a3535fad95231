import { realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { plant } from '../../test/support/tree.ts'
import { everywhere } from './territory.ts'
import { openTerritory } from './open-territory.ts'

const component = fc.constantFrom('a', 'b', 'c', 'l', 'm', 'n', '.', '..')
const components = fc.array(component, { minLength: 1, maxLength: 6 })
const linkPlaces = ['l', 'a/l', 'a/m', 'b/n', 'm', 'a/b/n'] as const
const links = fc.array(fc.record({ at: fc.constantFrom(...linkPlaces), absolute: fc.boolean(), target: components }), {
  maxLength: 6,
})

/** The path without links, as the operating system has it; undefined where it has none. */
function kernelPath(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}

it('resolves as the operating system does, or refuses, and never comes out', async () => {
  await fc.assert(
    fc.asyncProperty(links, components, async (planted, asked) => {
      using scratch = new ScratchFolder()
      // What is above the inner root looks like what is in it, so that a wrong step finds something.
      const tree = { a: { b: { c: 'text' }, c: 'text' }, b: { a: {}, c: 'text' }, c: 'text' }
      plant(join(scratch.path, 'top'), { ...tree, root: { ...tree, root: tree } })
      const inner = join(scratch.path, 'top/root/root')
      for (const { at, absolute, target } of planted) {
        const text = (absolute ? `${inner}/` : '') + target.join('/')
        try {
          symlinkSync(text, join(inner, at))
        } catch {
          // There is one already.
        }
      }
      // As a request names it: without dot segments.
      const path = Buffer.from(join(inner, ...asked))
      const kernel = kernelPath(path.toString())
      const wide = await openTerritory({ fileRoots: [scratch.path], readOnlyFileRoots: [] })
        .real(path)
        .catch(() => undefined)
      // Often left by links.
      const narrow = await openTerritory({ fileRoots: [inner], readOnlyFileRoots: [] })
        .real(path)
        .catch(() => undefined)
      for (const real of [wide, narrow]) {
        if (real === undefined) continue
        if (kernel === undefined) expect(kernelPath(real.toString())).toBeUndefined()
        else expect(real.toString()).toBe(kernel)
      }
      if (narrow !== undefined) expect(`${narrow.toString()}/`.startsWith(`${inner}/`)).toBe(true)
      const ups = [asked, ...planted.map(({ target }) => target)].flat().filter(name => name === '..').length
      if (ups === 0 && kernel !== undefined) expect(narrow?.toString()).toBe(kernel)
    }),
    { numRuns: 100 },
  )
})

it('gives up on links without end', async () => {
  using scratch = new ScratchFolder()
  symlinkSync('loop', join(scratch.path, 'loop'))
  const path = Buffer.from(join(scratch.path, 'loop'))
  await expect(openTerritory({ fileRoots: [scratch.path], readOnlyFileRoots: [] }).real(path)).rejects.toMatchObject({
    message: 'Symbolic link loop (os error 40)',
  })
})

it('takes a root by a link, begins where that leads, and refuses what is no directory', () => {
  using scratch = new ScratchFolder()
  plant(join(scratch.path, 'top'), { directory: {}, file: 'text' })
  symlinkSync('directory', join(scratch.path, 'top/link'))
  const territory = openTerritory({ fileRoots: [join(scratch.path, 'top/link')], readOnlyFileRoots: [] })
  expect(territory.reaches(Buffer.from(join(scratch.path, 'top/directory/x')))).toBe(true)
  expect(territory.reaches(Buffer.from(join(scratch.path, 'top/directoryx')))).toBe(false)
  expect(() => openTerritory({ fileRoots: [join(scratch.path, 'top/file')], readOnlyFileRoots: [] })).toThrow(
    'is not a directory',
  )
  expect(() => openTerritory({ fileRoots: [join(scratch.path, 'missing')], readOnlyFileRoots: [] })).toThrow(
    'cannot be used',
  )
  const path = join(scratch.path, 'top/directory')
  expect(() => openTerritory({ fileRoots: [path], readOnlyFileRoots: [join(scratch.path, 'top/link')] })).toThrow(
    'is named by file-roots too',
  )
  expect(() => openTerritory({ fileRoots: [], readOnlyFileRoots: ['/nowhere'] })).toThrow(
    'read-only-file-roots: "/nowhere" cannot be used',
  )
  expect(openTerritory({ fileRoots: [], readOnlyFileRoots: [] })).toBe(everywhere)
  expect(openTerritory({ fileRoots: ['/'], readOnlyFileRoots: [] })).toBe(everywhere)
})
