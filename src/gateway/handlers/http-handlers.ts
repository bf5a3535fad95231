import type { Fetching } from '../../fetching/fetching.ts'
import type { Handlers } from './handlers.ts'

export function httpHandlers(fetching: Fetching): Pick<Handlers, 'http/request'> {
  return {
    async 'http/request'(params, { caller, signal, afterReply }) {
      if (!params.streamResponse) return fetching.fetch(params, signal)
      const stream = await fetching.open(params, caller, signal)
      afterReply(() => void stream.deliver(caller.delivery))
      return { status: stream.status, headers: stream.headers, bodyBase64: '' }
    },
  }
}
