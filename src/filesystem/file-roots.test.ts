import { realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { plant } from '../../test/support/tree.ts'
import { everywhere } from './territory.ts'
import { openTerritory } from './file-roots.ts'

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
      const wide = await openTerritory([scratch.path])
        .real(path)
        .catch(() => undefined)
      // Often left by links.
      const narrow = await openTerritory([inner])
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
  await expect(openTerritory([scratch.path]).real(path)).rejects.toMatchObject({
    message: 'Symbolic link loop (os error 40)',
  })
})

it('takes a root by a link, begins where that leads, and refuses what is no directory', () => {
  using scratch = new ScratchFolder()
  plant(join(scratch.path, 'top'), { directory: {}, file: 'text' })
  symlinkSync('directory', join(scratch.path, 'top/link'))
  const territory = openTerritory([join(scratch.path, 'top/link')])
  expect(territory.reaches(Buffer.from(join(scratch.path, 'top/directory/x')))).toBe(true)
  expect(territory.reaches(Buffer.from(join(scratch.path, 'top/directoryx')))).toBe(false)
  expect(() => openTerritory([join(scratch.path, 'top/file')])).toThrow('is not a directory')
  expect(() => openTerritory([join(scratch.path, 'missing')])).toThrow('cannot be used')
  expect(openTerritory([])).toBe(everywhere)
  expect(openTerritory(['/'])).toBe(everywhere)
})
