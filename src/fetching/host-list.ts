import { BlockList, isIP } from 'node:net'

/**
 * Hosts as people list them: `*` for all, names, which stand for their subdomains too (a leading `.` or `*.` and a final `.`
 * change nothing), addresses, and networks such as `10.0.0.0/8`. What is none of these is passed over, as is custom for `NO_PROXY`.
 */
export class HostList {
  readonly #names = new Set<string>()
  readonly #networks = new BlockList()
  #isEverything = false

  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry.trim().toLowerCase())
  }

  /** Whether the name of a host, or its address written as a name, is in the list. */
  hasHost(host: string): boolean {
    if (this.#isEverything) return true
    if (isIP(host) !== 0) return this.hasAddress(host)
    for (let name = host; name !== ''; name = parentOf(name)) if (this.#names.has(name)) return true
    return false
  }

  /** Whether an address is in the list. An IPv4 address written as IPv6 counts as what it stands for. */
  hasAddress(address: string): boolean {
    return this.#isEverything || this.#networks.check(address, familyOf(address))
  }

  #add(entry: string): void {
    const [address = '', prefix] = entry.split('/')
    if (entry === '*') this.#isEverything = true
    else if (isIP(address) === 0) this.#names.add(entry.replace(/^\*?\./, '').replace(/\.$/, ''))
    else if (prefix === undefined) this.#networks.addAddress(address, familyOf(address))
    else if (isPrefixOf(address, prefix)) this.#networks.addSubnet(address, Number(prefix), familyOf(address))
  }
}

/** The host of a URL as lists and rules compare it: without brackets and final dot. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

function isPrefixOf(address: string, prefix: string): boolean {
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIP(address) === 4 ? 32 : 128)
}

function parentOf(name: string): string {
  const dot = name.indexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1)
}
