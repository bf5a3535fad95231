import { expect, test } from 'vitest'
import { AnsweringServer } from '../../../test/support/answering-server.ts'
import { isProblem } from '../../config/problem.ts'
import type { Environment } from '../../config/sources.ts'
import { OperatorEndpoint } from './operator-endpoint.ts'

function endpointAt(flag: string | undefined, environment: Environment = {}, maxAnswerMs?: number): OperatorEndpoint {
  const endpoint = OperatorEndpoint.named(flag, environment, maxAnswerMs)
  if (isProblem(endpoint)) throw new Error(endpoint.problem)
  return endpoint
}

const nothingRuns = JSON.stringify({ isDraining: false, processes: { count: 0, listed: [] }, later: 'addition' })

test('asks where the flag says, else the variable, whatever the scheme of the URL', async () => {
  const asked: unknown[] = []
  await using server = await AnsweringServer.open((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end(nothingRuns)
  })
  const answer = { isDraining: false, processes: { count: 0, listed: [] } }
  expect(await endpointAt(server.url, { EXECGATE_URL: 'http://127.0.0.1:1' }).state()).toEqual(answer)
  expect(await endpointAt(undefined, { EXECGATE_URL: server.url.replace('http', 'ws') }).state()).toEqual(answer)
  expect(asked).toEqual(['GET /debug/state', 'GET /debug/state'])
})

test.each(['127.0.0.1:7777', 'ftp://127.0.0.1', 'here', 'file:///tmp'])('%s names no gateway', text => {
  const problem = `\`${text}\` is not http://IP:PORT`
  expect(OperatorEndpoint.named(text, {})).toEqual({ problem: `--url: ${problem}` })
  expect(OperatorEndpoint.named(undefined, { EXECGATE_URL: text })).toEqual({ problem: `EXECGATE_URL: ${problem}` })
})

test('a URL with credentials is refused without repeating them', () => {
  const problem = 'a user and a password have no place there, write http://IP:PORT'
  expect(OperatorEndpoint.named('http://me:secret@127.0.0.1', {})).toEqual({ problem: `--url: ${problem}` })
  const environment = { EXECGATE_URL: 'ws://me:secret@127.0.0.1' }
  expect(OperatorEndpoint.named(undefined, environment)).toEqual({ problem: `EXECGATE_URL: ${problem}` })
  const broken = { problem: '--url: `http://127.0.0.1:99999` is not http://IP:PORT' }
  expect(OperatorEndpoint.named('http://me:secret@127.0.0.1:99999', {})).toEqual(broken)
})

test('says where nobody answers', async () => {
  let url: string
  {
    await using server = await AnsweringServer.open(() => {})
    url = server.url
  }
  await expect(endpointAt(url).state()).rejects.toThrow(`no gateway answers at ${url}: connect ECONNREFUSED`)
})

test('says so of every address a name has', async () => {
  let port: string
  {
    await using server = await AnsweringServer.open(() => {})
    port = new URL(server.url).port
  }
  const refused = endpointAt(`http://localhost:${port}`).state()
  await expect(refused).rejects.toThrow(/answers at http:\/\/localhost:\d+: connect ECONNREFUSED \S/)
})

test('gives a gateway up that does not answer', async () => {
  await using server = await AnsweringServer.open(() => {})
  await expect(endpointAt(server.url, {}, 20).state()).rejects.toThrow('it has been silent for 20 ms')
})

test('gives a gateway up that stops in the middle of its answer', async () => {
  await using server = await AnsweringServer.open((_request, response) => {
    response.write('{')
  })
  await expect(endpointAt(server.url, {}, 200).state()).rejects.toThrow('it has been silent for 200 ms')
})

test.each([
  [404, '', /serves no operators.*9464/],
  [503, 'the gateway is shutting down\n', /refuses: the gateway is shutting down$/],
  [500, '', /refuses: status 500$/],
  [500, '\u{1b}[2J', /refuses: \\u\{1b\}\[2J$/],
  [403, 'x'.repeat(5000), /answers with more than 4096 bytes$/],
  [200, 'hello', /is no gateway of this version$/],
  [200, '{"processes":{"count":1}}', /is no gateway of this version$/],
  [302, '', /no gateway answers/],
])('a status of %i with %j is told in a sentence', async (status, body, message) => {
  await using server = await AnsweringServer.open((_request, response) => {
    response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end(body)
  })
  await expect(endpointAt(server.url).state()).rejects.toThrow(message)
})

test('reads no more of an answer than the longest there may be', async () => {
  await using server = await AnsweringServer.open((_request, response) => {
    response.end(Buffer.alloc(16 * 1024 * 1024 + 1, ' '))
  })
  await expect(endpointAt(server.url).state()).rejects.toThrow('answers with more than 16777216 bytes')
})
