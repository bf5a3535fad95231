import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isRebound } from './host-header.ts'

/** What a page answers. */
export interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Pages for operators, by their path. Each is made when it is asked for. */
export type Pages = ReadonlyMap<string, () => Page | Promise<Page>>

/** What operators may do, by path. Each takes the JSON of a POST, not checked yet. */
export type Actions = ReadonlyMap<string, Action>
export type Action = (body: unknown) => Page | Promise<Page>

/**
 * A page of another origin cannot send this type without asking first, which the gateway never answers: a defence behind
 * that of `isFromBrowser`, for browsers that leave the Origin out.
 */
const actionContentType = 'application/json'
/** Room for a hundred of the longest process ids. */
const maxActionBytes = 256 * 1024

/** Browsers send an Origin; nothing that runs in one may drive this machine, or look into it. */
export function isFromBrowser({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined
}

export function jsonPage(content: unknown): Page {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(content, undefined, 2)}\n` }
}

export function textPage(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` }
}

const misdirected = textPage(421, 'this is not the host you asked for: ask for localhost, or for an address of it')

function isForAnother({ socket, headers }: FastifyRequest): boolean {
  return isRebound(socket.localAddress, headers.host)
}

export function addPages(app: FastifyInstance, pages: Pages): void {
  for (const [path, make] of pages) {
    app.get(path, async (request, reply) => send(reply, isForAnother(request) ? misdirected : await make()))
  }
}

/** To be called once for an app: it decides which bodies the app takes. */
export function addActions(app: FastifyInstance, actions: Actions): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: maxActionBytes }, (_request, body, done) => {
    done(null, body)
  })
  for (const [path, act] of actions) {
    app.post(path, async (request, reply) => {
      return send(reply, isForAnother(request) ? misdirected : await perform(act, request))
    })
  }
}

function perform(act: Action, { headers, body }: FastifyRequest): Page | Promise<Page> {
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== actionContentType) return textPage(415, `content-type must be ${actionContentType}`)
  const content = parseJson(body)
  return content === undefined ? textPage(400, 'the body is not JSON') : act(content)
}

/** `undefined` for what is not JSON. */
function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

function send(reply: FastifyReply, { status, contentType, body }: Page): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').type(contentType).send(body)
}
