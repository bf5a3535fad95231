import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { protocolPage } from '../../tools/protocol-page.ts'

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

it('has the reference of the protocol that the method table makes', () => {
  expect(page).toBe(protocolPage())
})

it('notices a reference that is out of date, and one whose marks are gone', () => {
  const outdated = page.replace('#### process/start\n', '#### process/begin\n')
  expect(outdated).not.toBe(page)
  expect(protocolPage(outdated)).toBe(page)
  expect(() => protocolPage(page.replace('<!-- The reference ends -->', ''))).toThrow('lacks')
})
