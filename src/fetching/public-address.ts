import { BlockList } from 'node:net'
import { familyOf } from './host-list.ts'

/** https://www.iana.org/assignments/iana-ipv4-special-registry, and what clouds put their metadata on. */
const reservedIpv4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by carriers; metadata of Alibaba
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // metadata of Azure
  '169.254.0.0/16', // link-local; metadata of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; metadata of Oracle
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
]

/** https://www.iana.org/assignments/iana-ipv6-special-registry. Where IPv4 is tunnelled, it may lead anywhere. */
const reservedIpv6 = [
  '::/96', // unspecified, loopback, IPv4-compatible
  '::ffff:0:0:0/96', // IPv4 by translation within a site, RFC 2765
  '64:ff9b::/96', // IPv4 by translation
  '64:ff9b:1::/48',
  '100::/64', // discarded
  '2001::/23', // protocol assignments, Teredo
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
  '5f00::/16', // segment routing
  'fc00::/7', // private; metadata of AWS
  'fe80::/10', // link-local
  'fec0::/10', // site-local
  'ff00::/8', // multicast
]

const reserved = networks([...reservedIpv4, ...reservedIpv6])

/** Whether an address is one of the open Internet, rather than of this machine, its network or its cloud. */
export function isPublicAddress(address: string): boolean {
  return !reserved.check(address, familyOf(address))
}

function networks(subnets: readonly string[]): Pick<BlockList, 'check'> {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [address = '', prefix] = subnet.split('/')
    list.addSubnet(address, Number(prefix), familyOf(address))
  }
  return list
}
