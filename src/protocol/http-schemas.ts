import { z } from 'zod'
import { base64, u64 } from './scalars.ts'

/** Largest payload of one body notification. A stock client closes the connection over a larger one. */
export const bodyDeltaBytes = 1024 * 1024

export const HttpHeader = z.object({ name: z.string(), value: z.string() })
export type HttpHeader = z.output<typeof HttpHeader>

const RequestHeader = HttpHeader.extend({
  valueEnvVar: z
    .string()
    .nullish()
    .describe("a variable of the gateway's environment whose value is appended to `value`"),
})
export type RequestHeader = z.output<typeof RequestHeader>

export const HttpRequest = z.object({
  method: z.string().describe('a token, sent as it is given'),
  url: z.string().describe('absolute, http or https; user and password become basic authentication'),
  headers: z.array(RequestHeader).default([]).describe('repeated names are kept'),
  bodyBase64: base64.nullish(),
  timeoutMs: u64.nullish().describe('from the start to the end of the body, redirects included; absent means for ever'),
  redirectPolicy: z.enum(['follow', 'stop']).default('follow'),
  requestId: z.string().describe('names the stream of the response; may repeat when it is not streamed'),
  streamResponse: z.boolean().default(false).describe('send the body as notifications instead of in the reply'),
})
export type HttpRequest = z.output<typeof HttpRequest>

export const HttpResponse = z.object({
  status: z.number(),
  headers: z.array(HttpHeader).describe('names in lower case, repeated ones side by side'),
  bodyBase64: z.string().describe('empty when the body is streamed'),
})
export type HttpResponse = z.output<typeof HttpResponse>

export const HttpBodyDelta = z.object({
  requestId: z.string(),
  seq: z.number().describe('from 1, without gaps'),
  deltaBase64: z.string(),
  done: z.boolean().default(false).describe('nothing follows'),
  error: z.string().nullish().describe('why the body is not complete; only when done'),
})
