import { expect, it } from 'vitest'
import type { MethodName, ParamsInput } from '../../src/protocol/method-table.ts'
import { openRpcDocument } from '../../src/protocol/openrpc.ts'
import { problemsOfValue } from '../support/openrpc-check.ts'
import type { Peer } from '../support/peer.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'
import { WebServer } from '../support/web-server.ts'

const document = openRpcDocument('')
const { methods, 'x-notifications': notifications } = document

/** Calls a method, and demands that parameters and result are as the document says. */
async function call<M extends MethodName>(peer: Peer, method: M, params: ParamsInput<M>): Promise<void> {
  const described = methods.find(({ name }) => name === method)
  const given = Object.entries(params ?? {})
  for (const [name, value] of given) {
    const schema = described?.params.find(param => param.name === name)?.schema ?? { enum: [] }
    expect(problemsOfValue(document, schema, value), `${method} ${name}`).toEqual([])
  }
  const result = await peer.call(method, params)
  expect(problemsOfValue(document, described?.result?.schema ?? { enum: [] }, result), method).toEqual([])
}

it('describes what a gateway is asked, what it answers and what it tells', async () => {
  await using gateway = await startGateway()
  using folder = new ScratchFolder()
  const [path, file, copy] = [folder.uri, `${folder.uri}/file`, `${folder.uri}/copy`]
  const peer = await gateway.open()
  await call(peer, 'initialize', { clientName: 'test' })
  peer.send({ method: 'initialized' })
  await call(peer, 'environment/info', null)
  await call(peer, 'environment/status', null)
  await call(peer, 'process/start', { processId: 'p', argv: ['/bin/echo', 'hello'], cwd: path, env: {}, tty: false })
  await peer.event('p', 'process/closed')
  await call(peer, 'process/read', { processId: 'p', afterSeq: 0, waitMs: 0 })
  await call(peer, 'process/write', { processId: 'p', chunk: 'aGk=', writeId: '1' })
  await call(peer, 'process/signal', { processId: 'p', signal: 'interrupt' })
  await call(peer, 'process/terminate', { processId: 'p' })
  await call(peer, 'fs/watchMissing', { watchId: 1, missing: [file] })
  await call(peer, 'fs/watch', { watchId: 'w', path })
  await call(peer, 'fs/writeFile', { path: file, dataBase64: 'aGk=' })
  await call(peer, 'fs/readFile', { path: file, sandbox: null })
  await call(peer, 'fs/open', { handleId: 'h', path: file })
  await call(peer, 'fs/readBlock', { handleId: 'h', offset: 0, len: 10 })
  await call(peer, 'fs/close', { handleId: 'h' })
  await call(peer, 'fs/open', { handleId: 'h', path: file, mode: 'replace' })
  await call(peer, 'fs/writeBlock', { handleId: 'h', offset: 0, chunk: 'aGk=' })
  await call(peer, 'fs/createDirectory', { path: `${path}/directory` })
  await call(peer, 'fs/getMetadata', { path: file })
  await call(peer, 'fs/canonicalize', { path: file })
  await call(peer, 'fs/copy', { sourcePath: file, destinationPath: copy, recursive: false })
  await call(peer, 'fs/readDirectory', { path })
  const options = { maxDepth: 2, maxDirectories: 9, maxEntries: 9, followDirectorySymlinks: false }
  await call(peer, 'fs/walk', { path, options })
  await call(peer, 'fs/remove', { path: copy })
  await using web = await WebServer.start((_request, _incoming, response) => response.end('hello'))
  const asked = { method: 'GET', url: web.url('/'), requestId: 'r', headers: [], streamResponse: true }
  await call(peer, 'http/request', asked)
  await call(peer, 'capabilityRoots/discoverV1', { roots: [{ id: 'r', path }] })
  await call(peer, 'environmentConfig/read', { cwd: path, configPaths: [['model']], requirementsPaths: [] })
  for (const { name, params } of notifications) {
    const { params: told } = await peer.until(({ method }) => method === name)
    for (const param of params.filter(({ required }) => required)) {
      expect(problemsOfValue(document, param.schema, told[param.name]), `${name} ${param.name}`).toEqual([])
    }
  }
  await call(peer, 'fs/unwatch', { watchId: 'w' })
})
