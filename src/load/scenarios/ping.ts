import type { ExecClient } from '../../client/execgate-client.ts'
import type { Operation } from '../operation.ts'
import type { Scenario } from '../scenario.ts'

export const ping: Scenario = {
  help: 'ask for environment/status, the smallest request.',
  prepare: async stage => askStatus(await stage.connect()),
}

export function askStatus(client: ExecClient): Operation {
  return async signal => {
    await client.call('environment/status', null, { signal })
    return {}
  }
}
