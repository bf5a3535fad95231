import type { Fetching } from '../../fetching/fetching.ts'
import { BytesResult } from '../../protocol/bytes-result.ts'
import type { Handlers } from './handlers.ts'

export function httpHandlers(fetching: Fetching): Pick<Handlers, 'http/request'> {
  return {
    async 'http/request'(params, { caller, signal, afterReply }) {
      if (!params.streamResponse) {
        const { body, ...response } = await fetching.fetch(params, signal)
        return new BytesResult('bodyBase64', body, response)
      }
      const stream = await fetching.open(params, caller, signal)
      afterReply(() => void stream.deliver(caller.delivery))
      return { status: stream.status, headers: stream.headers, bodyBase64: '' }
    },
  }
}
