import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { LoadReport } from '../src/load/report/load-report.ts'

/** `docs/load-report.schema.json`, which is generated: `npm run load-schema`. */
export function loadSchema(): string {
  const schema = { title: 'Results of execgate load --json', ...z.toJSONSchema(LoadReport) }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

if (import.meta.main) writeFileSync(new URL('../docs/load-report.schema.json', import.meta.url), loadSchema())
