import { writeFileSync } from 'node:fs'
import { dashboards } from './dashboards.ts'
import { grafanaJson } from './grafana.ts'

/** Writes the dashboards that Grafana is provisioned with: `npm run dashboards`. */
for (const dashboard of dashboards) {
  writeFileSync(new URL(`${dashboard.uid}.json`, import.meta.url), grafanaJson(dashboard, dashboards))
}
