import { shorten } from './quoting.ts'

/** Flags of the reference server that have no counterpart, and what an operator should know instead. */
const stockFlags = {
  '--ws-auth': 'connections are not authenticated',
  '--ws-token-file': 'connections are not authenticated',
  '--ws-token-sha256': 'connections are not authenticated',
  '--ws-shared-secret-file': 'connections are not authenticated',
  '--ws-issuer': 'connections are not authenticated',
  '--ws-audience': 'connections are not authenticated',
  '--ws-max-clock-skew-seconds': 'connections are not authenticated',
  '--linux-sandbox-pid-namespace': 'process namespaces are not configurable',
  '--proxy-private-ips-via-upstream': 'there is no managed network proxy',
  '--exit-on-stdin-close': 'only the stdio transport ends with its standard input',
  '--strict-config': 'its own configuration is always checked strictly',
  '--remote': 'it does not register with a relay',
  '--environment-id': 'it does not register with a relay',
  '--name': 'it does not register with a relay',
  '--use-agent-identity-auth': 'it does not register with a relay',
  '--registration-bearer-stdin': 'it does not register with a relay',
  '--executor-credential-stdin': 'it does not register with a relay',
  '--chatgpt-token-stdin': 'it does not register with a relay',
  '--chatgpt-account-id': 'it does not register with a relay',
  '--aws-sigv4': 'it does not register with a relay',
  '--aws-profile': 'it does not register with a relay',
  '--aws-region': 'it does not register with a relay',
  '--aws-service': 'it does not register with a relay',
  '-c': 'its options are flags, variables and a file, and --help lists them',
  '--enable': 'it has no features to switch',
  '--disable': 'it has no features to switch',
} as const

const stockSubcommands = { forward: 'it does not register with a relay' } as const

/**
 * The sentence that refuses a flag or subcommand the reference server has and this program has not; `undefined` for
 * any other text. `flag` comes without its value.
 */
export function refuseStockArgument(flag: string): string | undefined {
  const known = new Map<string, string>(Object.entries({ ...stockFlags, ...stockSubcommands }))
  const reason = known.get(flag) ?? (flag.startsWith('--remote-') ? stockFlags['--remote'] : undefined)
  return reason === undefined
    ? undefined
    : `execgate does not support \`${shorten(flag)}\` of the reference server: ${reason}`
}
