import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What a page answers. */
export interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Pages for operators, by their path. Each is made when it is asked for. */
export type Pages = ReadonlyMap<string, () => Page | Promise<Page>>

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

export function addPages(app: FastifyInstance, pages: Pages): void {
  for (const [path, make] of pages) {
    app.get(path, async (_request, reply) => send(reply, await make()))
  }
}

function send(reply: FastifyReply, { status, contentType, body }: Page): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').type(contentType).send(body)
}
