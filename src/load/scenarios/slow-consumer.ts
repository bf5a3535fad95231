import type { Scenario } from '../scenario.ts'
import { runTrue } from './one-shot.ts'

export const slowConsumer: Scenario = {
  help: 'start /usr/bin/true beside a client that floods itself with output and reads none of it.',
  surround: async stage => {
    const proxy = await stage.openProxy()
    const client = await stage.connect({ url: proxy.url })
    const flood = await client.start(['/usr/bin/yes'], { signal: stage.signal })
    // It is not the process that is slow: it writes before nobody reads any more.
    for await (const _ of flood.follow(stage.signal)) break
    proxy.holdBack()
    stage.defer(() => proxy.letThrough())
  },
  prepare: async stage => runTrue(await stage.connect(), 'events'),
}
