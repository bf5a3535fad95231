import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { metricsPage } from '../../tools/metrics-page.ts'

it('has the page about metrics that the catalogue makes', () => {
  expect(readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')).toBe(metricsPage())
})
