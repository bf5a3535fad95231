import { expect, test } from 'vitest'
import { refuseStockArgument } from './stock-flags.ts'

test.each([
  '--ws-auth',
  '--ws-token-file',
  '--ws-token-sha256',
  '--ws-shared-secret-file',
  '--ws-issuer',
  '--ws-audience',
  '--ws-max-clock-skew-seconds',
  '--linux-sandbox-pid-namespace',
  '--proxy-private-ips-via-upstream',
  '--exit-on-stdin-close',
  '--strict-config',
  '--remote',
  '--remote-transport',
  '--environment-id',
  '--name',
  '--use-agent-identity-auth',
  '--registration-bearer-stdin',
  '--executor-credential-stdin',
  '--chatgpt-token-stdin',
  '--chatgpt-account-id',
  '--aws-sigv4',
  '--aws-profile',
  '--aws-region',
  '--aws-service',
  '-c',
  '--enable',
  '--disable',
  'forward',
])('%s is refused by name', flag => {
  expect(refuseStockArgument(flag)).toMatch(`execgate does not support \`${flag}\` of the reference server: `)
})

test.each(['--listen', '--remotely', 'forwards', 'constructor', ''])('%j is not of the reference server', flag => {
  expect(refuseStockArgument(flag)).toBeUndefined()
})
