import { GatewayError } from '../protocol/gateway-error.ts'

/** The time that a request was given is over. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded'
}

/** The rules of the operator do not let requests reach the target. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused'
}

/** A redirect cannot be followed. The message says why. */
export class RedirectRefused extends Error {
  override readonly name = 'RedirectRefused'
}

/** A proxy does not do what it is asked for. The message says why. */
export class ProxyRefused extends Error {
  override readonly name = 'ProxyRefused'
}

/** What the operator set up for all requests, certificates or a proxy, cannot be used. The message says why. */
export class SetupUnusable extends Error {
  override readonly name = 'SetupUnusable'
}

/** What became of a request; a closed set, as metrics need it. */
export type FetchResult = 'success' | 'failed' | 'timeout' | 'refused' | 'cancelled'

/** Codes of Node, of the resolver and of the HTTP client, in words. Anything else is told by its code. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the peer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ENOTFOUND: 'the name of the host is not known',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  // The HTTP client asserts that a status is one.
  ERR_ASSERTION: 'the response is not HTTP',
  EPIPE: 'the connection was closed by the peer',
  ETIMEDOUT: 'the peer does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'the peer does not answer',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the response are too large',
  UND_ERR_INVALID_ARG: 'such a request cannot be sent',
  UND_ERR_NOT_SUPPORTED: 'such a request cannot be sent',
  UND_ERR_SOCKET: 'the connection was closed before the response was complete',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the response is shorter or longer than it says',
}

/** Codes of OpenSSL about a chain of certificates, and of Node about the name in one. X509_verify_cert_error_string(3) */
const certificateCode =
  /^(?:UNABLE_TO_|CERT_|CRL_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|HOSTNAME_|ERR_TLS_CERT_|PATH_LENGTH_)/

/** Why a request failed, for the one who made it. Names no host, no address and no path: those may be secrets of others. */
export function reasonOf(error: unknown): string {
  if (error instanceof DeadlineExceeded) return 'operation timed out'
  if (error instanceof TargetRefused) return "the gateway's rules do not allow this target"
  if (error instanceof RedirectRefused) return `error following redirect: ${error.message}`
  if (error instanceof SetupUnusable || error instanceof ProxyRefused) return error.message
  if (error instanceof Error && error.name === 'HTTPParserError') return 'the response is not HTTP'
  const code = codeOf(error)
  if (code === undefined) return 'the request could not be made'
  return reasons[code] ?? (certificateCode.test(code) ? `the certificate is not accepted: ${code}` : code)
}

/** The result of a request that ended with this error. */
export function resultOf(error: unknown): FetchResult {
  if (error instanceof DeadlineExceeded) return 'timeout'
  if (error instanceof GatewayError && error.kind === 'limitReached') return 'refused'
  return causeOf(error) instanceof TargetRefused || error instanceof RedirectRefused ? 'refused' : 'failed'
}

/** Of several addresses that were tried, the first to fail tells. */
function causeOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error
}

function codeOf(error: unknown): string | undefined {
  const cause = causeOf(error)
  if (!(cause instanceof Error) || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}
