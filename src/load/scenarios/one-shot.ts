import type { ExecClient } from '../../client/execgate-client.ts'
import type { Operation } from '../operation.ts'
import type { Completion, Scenario } from '../scenario.ts'

export const oneShot: Scenario = {
  help: 'start /usr/bin/true and follow it to its end.',
  prepare: async stage => runTrue(await stage.connect(), stage.settings.completion),
}

/** Starts a process that ends at once, and learns of its end in one of two ways. */
export function runTrue(client: ExecClient, completion: Completion): Operation {
  return async signal => {
    await using process = await client.start(['/usr/bin/true'], { signal })
    const startedMs = performance.now()
    for await (const { stream } of process.follow(signal)) throw new Error(`true wrote to ${stream}`)
    const closedMs = performance.now()
    const { exitCode } = await process.wait(signal)
    if (exitCode !== 0) throw new Error(`true ended with exit code ${exitCode}`)
    const waited = { wait: closedMs - startedMs }
    if (completion === 'events') return waited
    const page = await process.read({ signal })
    if (!page.closed) throw new Error('the final read came before the end')
    return { ...waited, finalRead: performance.now() - closedMs }
  }
}
