import { headerOf, type SeenRequest, WebServer } from '../support/web-server.ts'

/** Headers that both send, in an order and with a value of their own. */
const own = new Set(['connection', 'content-length', 'host'])

/** A web server for both sides, which answers the same to the same request. */
export function startWeb(): Promise<WebServer> {
  return WebServer.start((request, _incoming, response) => {
    response.sendDate = false
    response.shouldKeepAlive = false
    const { path } = request
    const status = /^\/status\/(\d+)/.exec(path)?.[1]
    if (status !== undefined) return void response.writeHead(Number(status)).end('as asked')
    if (path.startsWith('/empty')) return void response.writeHead(204).end()
    if (path.startsWith('/loop')) return void response.writeHead(302, { location: path }).end()
    if (path.startsWith('/go')) return void response.writeHead(302, { location: path.slice('/go'.length) }).end()
    if (path.startsWith('/away')) {
      const location = `http://localhost:${response.req.socket.localPort}${path.slice('/away'.length)}`
      return void response.writeHead(307, { location }).end()
    }
    if (path.startsWith('/chunks')) {
      response.write('one')
      return void setImmediate(() => response.end('two'))
    }
    response.end(whatCame(request))
  })
}

function whatCame(request: SeenRequest): string {
  const { method, path, rawHeaders, body } = request
  const names = new Set(rawHeaders.filter((_value, index) => index % 2 === 0).map(name => name.toLowerCase()))
  const headers = [...names.difference(own)].toSorted().map(name => [name, ...headerOf(request, name)])
  return JSON.stringify({ method, path, headers, body: body.toString() })
}
