import { GatewayError } from '../protocol/gateway-error.ts'
import { PathUri } from '../protocol/path-uri.ts'

/** A path at the server: absolute, as its operating system writes it, or a `file:` URL. */
export type FilePath = string | URL

/** The path as the wire has it. @throws GatewayError `invalidParams` when it is relative */
export function fileUri(path: FilePath): string {
  const text = String(path)
  if (text.startsWith('file:')) return text
  if (text.startsWith('/')) return PathUri.fromNative(text).canonical
  throw new GatewayError('invalidParams', `\`${text}\` is no path for a server: it has to be absolute, or a file: URL`)
}
