import type { Problem } from '../../config/problem.ts'
import { shorten } from '../../config/quoting.ts'
import type { Environment } from '../../config/sources.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import { shownUrl } from '../../protocol/shown-url.ts'
import { usualGatewayUrl } from '../gateway-url.ts'

/** What `execgate cp` is asked to do. */
export interface CopyRequest {
  readonly url: string
  /** To the gateway or from it. */
  readonly direction: 'up' | 'down'
  /** A path of this machine, or `-`. */
  readonly local: string
  readonly remote: RemotePath
}

/** A path at the gateway. */
export interface RemotePath {
  readonly uri: PathUri
  /** Whether it was written with a slash at its end, and so has to be a directory. */
  readonly isDirectory: boolean
  /** Whether it was written with `/.` at its end, and so stands for what is in the directory. */
  readonly isContents: boolean
}

/** In the place of a local path: a standard stream. */
export const standardStream = '-'

/** Reads both operands: exactly one of them is at the gateway, `:PATH` or `gateway:PATH`. */
export function parseCopyRequest(
  operands: readonly string[],
  urlFlag: string | undefined,
  environment: Environment,
): CopyRequest | Problem {
  const [source = '', destination = ''] = operands
  const url = (urlFlag ?? usualGatewayUrl(environment)).replace(/^http/, 'ws')
  if (!/^wss?:\/\//.test(url)) return { problem: `\`${shorten(shownUrl(url))}\` is no ws:// or wss:// URL` }
  const [from, to] = [remotePart(source), remotePart(destination)]
  if ((from === undefined) === (to === undefined)) {
    return { problem: 'one of the two is at the gateway: write it as `:PATH`, or `gateway:PATH`' }
  }
  const local = from === undefined ? source : destination
  if (local === '') return { problem: 'the local path is empty' }
  const remote = remotePath(from ?? to ?? '')
  if ('problem' in remote) return remote
  return { url, direction: from === undefined ? 'up' : 'down', local, remote }
}

function remotePart(operand: string): string | undefined {
  return /^(?:gateway)?:(?<path>.*)$/s.exec(operand)?.groups?.['path']
}

function remotePath(path: string): RemotePath | Problem {
  if (!path.startsWith('/') && !path.startsWith('file:')) {
    return { problem: `\`${shorten(path)}\` is no path at a gateway: it has to be absolute` }
  }
  const uri = path.startsWith('/') ? PathUri.fromNative(path) : PathUri.parse(path)
  return uri instanceof PathUri ? { uri, isDirectory: /\/\.?$/.test(path), isContents: path.endsWith('/.') } : uri
}
