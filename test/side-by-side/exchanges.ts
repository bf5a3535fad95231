import fc from 'fast-check'

/** One request, the same for both servers. `<scratch>` stands for a directory of each server's own, `<web>` for a web server. */
export interface Exchange {
  readonly method: string
  readonly params: unknown
}

const odd = fc.constantFrom<unknown>(null, true, '', 'x', -1, 1.5, 2 ** 53, [], {}, ['x'], { a: 1 })

/** Each member as it should be, mostly; otherwise odd, or missing. */
function nearly(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const each = (value: fc.Arbitrary<unknown>) =>
    fc.oneof(
      { weight: 60, arbitrary: value },
      { weight: 1, arbitrary: odd },
      { weight: 1, arbitrary: fc.constant(undefined) },
    )
  return fc.record(Object.fromEntries(Object.entries(members).map(([name, value]) => [name, each(value)])))
}

const exchange = (method: string, members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Exchange> =>
  nearly(members).map(params => ({ method, params }))

// A small world, so that things meet.
const name = fc.constantFrom('a', 'b', 'd', 'd/e', 'd/e/f', 'link', 'gone/x', 'a/x', 'loop', '.', '..', 'ä')
const path = fc.oneof(
  { weight: 12, arbitrary: name.map(each => `file://<scratch>/${encodeURI(each)}`) },
  { weight: 1, arbitrary: fc.constantFrom('file:///etc/passwd', 'file:///dev/null', 'file:///proc/self/nothing') },
  { weight: 1, arbitrary: fc.constantFrom('http://x/', '/tmp', 'file://host/x', 'file:///%00', '') },
)
const flag = fc.boolean()
const follow = fc.constantFrom<unknown>(undefined, undefined, true, false)
const base64 = fc.constantFrom('', 'QQ==', 'aGVsbG8=', 'QQ', '?', 'QUJDRA==')
const handle = fc.constantFrom('h', 'i', '', 'ä', 'x'.repeat(33))
const small = fc.constantFrom(0, 1, 2, 5, 100)
const processId = fc.constantFrom('p', 'q', 'r', '', 'none')

const files: fc.Arbitrary<Exchange> = fc.oneof(
  exchange('fs/readFile', { path, followSymlinks: follow }),
  exchange('fs/writeFile', { path, dataBase64: base64, followSymlinks: follow }),
  exchange('fs/getMetadata', { path, followSymlinks: follow }),
  exchange('fs/canonicalize', { path }),
  exchange('fs/readDirectory', { path }),
  exchange('fs/createDirectory', { path, recursive: flag, followSymlinks: follow }),
  exchange('fs/remove', {
    path: name.map(each => `file://<scratch>/${encodeURI(each)}`),
    recursive: flag,
    force: flag,
  }),
  exchange('fs/copy', { sourcePath: path, destinationPath: path, recursive: flag }),
  exchange('fs/walk', {
    path,
    options: nearly({
      maxDepth: small,
      maxDirectories: small,
      maxEntries: small,
      followDirectorySymlinks: flag,
      pruneHiddenDirectories: flag,
    }),
  }),
  exchange('fs/open', { handleId: handle, path, mode: fc.constantFrom('read', 'replace', undefined, 'append') }),
  exchange('fs/readBlock', { handleId: handle, offset: small, len: small }),
  exchange('fs/writeBlock', { handleId: handle, offset: small, chunk: base64 }),
  exchange('fs/close', { handleId: handle }),
)

const argv = fc.constantFrom<unknown>(
  ['/bin/sh', '-c', 'echo out; exit 3'],
  ['true'],
  ['printf', 'x'],
  ['/bin/sh', '-c', 'kill -9 $$'],
  ['/nowhere'],
  ['nowhere'],
  ['/tmp'],
  [],
  [''],
)
const processes: fc.Arbitrary<Exchange> = fc.oneof(
  exchange('process/start', {
    processId,
    argv,
    cwd: fc.constantFrom('file:///tmp', 'file:///tmp', 'file:///nowhere', 'http://x/', '/tmp', 'file:///etc/passwd'),
    env: fc.constantFrom({ PATH: '/usr/bin:/bin' }, { PATH: '/usr/bin:/bin' }, {}, { A: '\0' }),
    tty: fc.constantFrom(false, false, false, undefined, null),
    pipeStdin: fc.constantFrom<unknown>(undefined, false),
    arg0: fc.constantFrom<unknown>(undefined, null, 'shown'),
  }),
  exchange('process/read', {
    processId,
    afterSeq: fc.constantFrom<unknown>(undefined, null, 0, 1, 2, 99),
    maxBytes: fc.constantFrom<unknown>(undefined, 0, 1, 1000),
  }),
  exchange('process/signal', { processId, signal: fc.constantFrom('interrupt') }),
  exchange('process/terminate', { processId }),
)

const urls = ['/echo', '/echo?a=b#c', '/ä b?ü', '/status/404', '/empty', '/chunks', '/go/echo?x', '/away/echo', '/loop']
const fetches: fc.Arbitrary<Exchange> = exchange('http/request', {
  method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'PATCH', 'A B'),
  url: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...urls).map(each => `<web>${each}`) },
    { weight: 1, arbitrary: fc.constantFrom('ftp://x/', 'x', 'http://', 'http://[::1', 'http://host.invalid/') },
  ),
  headers: fc.array(
    fc.record({
      name: fc.constantFrom('x-a', 'X-A', 'Accept', 'authorization', 'Cookie', 'content-type', 'x y'),
      value: fc.constantFrom('1', '2', '', 'a\tb', 'a\nb', 'é'),
    }),
    { maxLength: 3 },
  ),
  bodyBase64: fc.oneof(fc.constant(undefined), base64),
  timeoutMs: fc.constantFrom(undefined, null, 5000),
  redirectPolicy: fc.constantFrom(undefined, 'follow', 'stop', 'none'),
  requestId: fc.constantFrom('r', 's', ''),
  streamResponse: fc.constantFrom(undefined, false, true),
})

const others: fc.Arbitrary<Exchange> = fc.oneof(
  exchange('environment/status', {}),
  fc.record({ method: fc.constantFrom('initialize', 'process/list', 'fs/', 'Process/Read', ''), params: odd }),
  fc.record({ method: fc.constantFrom('process/start', 'process/read', 'fs/readFile', 'fs/walk'), params: odd }),
)

/** What one client asks, one after the other. */
export const conversation: fc.Arbitrary<Exchange[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: files },
    { weight: 5, arbitrary: processes },
    { weight: 3, arbitrary: fetches },
    { weight: 1, arbitrary: others },
  ),
  { minLength: 20, maxLength: 20 },
)
