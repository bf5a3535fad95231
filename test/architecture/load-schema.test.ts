import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { loadSchema } from '../../tools/load-schema.ts'

it('has the JSON schema of load reports that the code makes', () => {
  const committed = readFileSync(new URL('../../docs/load-report.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(committed)).toEqual(JSON.parse(loadSchema()))
})
