import type { ParamsInput, Result } from '../../src/protocol/method-table.ts'
import type { Conversation, Received } from './conversation.ts'

type Asked = Partial<ParamsInput<'http/request'>> & { url: string }

const deltaMethod = 'http/request/bodyDelta'

/** Makes a request with an unimportant id and no deadline unless told otherwise. */
export function fetchThrough(peer: Conversation, asked: Asked): Promise<Result<'http/request'>> {
  return peer.call('http/request', { method: 'GET', requestId: 'r', ...asked })
}

export function bodyText({ bodyBase64 }: Result<'http/request'>): string {
  return Buffer.from(bodyBase64, 'base64').toString()
}

/** The values of a header of a response. */
export function valuesIn({ headers }: Result<'http/request'>, wanted: string): string[] {
  return headers.filter(({ name }) => name === wanted).map(({ value }) => value)
}

/** Notifications about a stream, in the order they arrived. */
export function deltasOf(peer: Conversation, requestId: string): Received[] {
  return peer.received.filter(({ method, params }) => method === deltaMethod && params.requestId === requestId)
}

/** The last notification about a stream. */
export function endOf(peer: Conversation, requestId: string): Promise<Received> {
  return peer.until(
    ({ method, params }) => method === deltaMethod && params.requestId === requestId && params.done === true,
  )
}

/** Everything a stream has brought so far. */
export function streamedBytes(peer: Conversation, requestId: string): Buffer {
  return Buffer.concat(
    deltasOf(peer, requestId).map(({ params }) => Buffer.from(params.deltaBase64 as string, 'base64')),
  )
}
