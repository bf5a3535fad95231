import { GatewayError } from '../protocol/gateway-error.ts'
import type { RequestHeader } from '../protocol/http-schemas.ts'
import { shorten } from '../protocol/text-excerpt.ts'

/** The variables that headers may take their values from. */
export type Variables = (name: string) => string | undefined

/** Credentials of the gateway's machine that no request may carry away, whatever the caller's purpose. */
const refusedVariables = new Set([
  'CODEX_EXEC_SERVER_NOISE_AUTH_TOKEN',
  'OPENAI_FEDERATION_RULE_ID',
  'OPENAI_IDENTITY_TOKEN_FILE',
  'OPENAI_WORKLOAD_IDENTITY_CONTEXT',
  'OPENAI_API_KEY',
  'CODEX_API_KEY',
  'CODEX_ACCESS_TOKEN',
  'CODEX_CONNECTORS_TOKEN',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AZURE_CLIENT_SECRET',
  'AZURE_FEDERATED_TOKEN_FILE',
  'GOOGLE_APPLICATION_CREDENTIALS',
])

/** RFC 9110 section 5.5: tabs, but no other control characters. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const controlCharacter = /[\x00-\x08\x0a-\x1f\x7f]/

/**
 * The value of a header: what the caller gives, followed by the variable it names.
 * @throws GatewayError with the wording of the reference; no value is repeated in it
 */
export function headerValue(
  { name, value, valueEnvVar }: RequestHeader,
  variables: Variables,
): { value: string; isFromEnvironment: boolean } {
  const isFromEnvironment = valueEnvVar !== null && valueEnvVar !== undefined
  const whole = isFromEnvironment ? value + variableFor(name, valueEnvVar, variables) : value
  if (controlCharacter.test(whole)) {
    throw invalid(`http/request header value is invalid for ${shorten(name)}: failed to parse header value`)
  }
  return { value: whole, isFromEnvironment }
}

function variableFor(header: string, variable: string, variables: Variables): string {
  const refused = (why: string) => invalid(`http/request header ${shorten(header)} ${why} ${shorten(variable)}`)
  if (refusedVariables.has(variable.toUpperCase())) {
    throw refused('cannot use executor environment variable')
  }
  const value = variables(variable)
  if (value === undefined) {
    throw refused('requires executor environment variable')
  }
  if (value === '') {
    throw refused('requires a non-empty executor environment variable')
  }
  return value
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalidParams', message, { data: { field: 'headers' } })
}
