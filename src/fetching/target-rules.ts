import { isIP } from 'node:net'
import { HostList } from './host-list.ts'
import { isPublicAddress } from './public-address.ts'

/** What is reachable that no list names: everything, the open Internet, or nothing. */
export type TargetPolicy = 'all' | 'public' | 'listed'

export interface TargetRuleOptions {
  readonly policy: TargetPolicy
  /** Reachable whatever the policy says. */
  readonly allow: readonly string[]
  /** Never reachable; wins over `allow`. */
  readonly deny: readonly string[]
}

/** Names that lead into this machine, its network or its cloud wherever they are resolved. RFC 6761, RFC 6762 */
const localNames = new HostList(['localhost', 'local', 'internal', 'home.arpa'])

/**
 * Which targets an operator lets requests reach. The address that is connected to decides, not the name: a name may lead
 * elsewhere the next time it is looked up.
 */
export class TargetRules {
  readonly #policy: TargetPolicy
  readonly #allowed: HostList
  readonly #denied: HostList

  constructor({ policy, allow, deny }: TargetRuleOptions) {
    this.#policy = policy
    this.#allowed = new HostList(allow)
    this.#denied = new HostList(deny)
  }

  /** Whether a connection to this address of the host may be made. */
  permits(host: string, address: string): boolean {
    // A link-local address may name its interface.
    const [bare = address] = address.split('%')
    if (this.#denied.hasHost(host) || this.#denied.hasAddress(bare)) return false
    if (this.#allowed.hasHost(host) || this.#allowed.hasAddress(bare)) return true
    return this.#policy === 'all' || (this.#policy === 'public' && isPublicAddress(bare))
  }

  /**
   * Whether a host that needs no look-up, or is looked up by a proxy, may be asked for. The rules of the proxy decide about
   * the addresses behind a name.
   */
  permitsUnseen(host: string): boolean {
    if (isIP(host) !== 0) return this.permits(host, host)
    if (this.#denied.hasHost(host)) return false
    if (this.#allowed.hasHost(host)) return true
    return this.#policy === 'all' || (this.#policy === 'public' && !localNames.hasHost(host))
  }
}
