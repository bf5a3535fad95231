import { lookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { TargetRefused } from './fetch-failure.ts'
import type { TargetRules } from './target-rules.ts'

/**
 * Looks a name up and leaves out the addresses that the rules refuse. The connection is made to what is left, without another
 * look-up in between.
 */
export function guardedLookup(rules: TargetRules): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const permitted = addresses.filter(({ address }) => rules.permits(hostname.replace(/\.$/, ''), address))
      const [first] = permitted
      if (first === undefined) return callback(new TargetRefused(), [])
      answer(callback, permitted, first, options.all === true)
    })
  }
}

function answer(
  callback: Parameters<LookupFunction>[2],
  permitted: LookupAddress[],
  first: LookupAddress,
  wantsAll: boolean,
): void {
  if (wantsAll) callback(null, permitted)
  else callback(null, first.address, first.family)
}
