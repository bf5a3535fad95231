import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { limitNames } from '../../src/protocol/limit-names.ts'
import { limitsPage } from '../../tools/limits-page.ts'

const root = path.resolve(import.meta.dirname, '../..')

it('has the page about limits that their names and the options make', () => {
  expect(readFileSync(path.join(root, 'docs/limits.md'), 'utf8')).toBe(limitsPage())
})

it('has a test that reaches each limit', () => {
  const tests = globSync(['src/**/*.test.ts', 'test/integration/**/*.test.ts'], { cwd: root })
  const texts = tests.map(file => readFileSync(path.join(root, file), 'utf8'))
  const untested = limitNames.filter(name => !texts.some(text => text.includes(`'${name}'`)))
  expect(untested).toEqual([])
})
