import { discoverCapabilities } from '../../discovery/capability-roots.ts'
import { type ConfigSource, readEnvironmentConfig } from '../../discovery/environment-config.ts'
import { maxCapabilityRoots } from '../../protocol/discovery-schemas.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'
import type { HostOs } from '../../protocol/path-uri.ts'
import type { Handlers } from './handlers.ts'

/** Of the whole gateway; a stock client asks once for all its roots. */
export const maxDiscoveries = 16

type DiscoveryHandlers = Pick<Handlers, 'capabilityRoots/discoverV1' | 'environmentConfig/read'>

interface DiscoverySetup {
  readonly os: HostOs
  readonly config: ConfigSource
  /** Whether clients may have any file read. Discovery follows links wherever they lead. */
  readonly isEverywhere: boolean
}

export function discoveryHandlers({ os, config, isEverywhere }: DiscoverySetup): DiscoveryHandlers {
  let discoveries = 0
  return {
    async 'capabilityRoots/discoverV1'({ roots }, { signal }) {
      if (roots.length > maxCapabilityRoots) {
        throw new GatewayError(
          'invalidRequest',
          `capability root discovery accepts at most ${maxCapabilityRoots} roots`,
        )
      }
      if (!isEverywhere) {
        throw new GatewayError(
          'invalidRequest',
          'capability roots are not discovered where file-roots or read-only-file-roots is set',
        )
      }
      if (discoveries >= maxDiscoveries) {
        const text = `${maxDiscoveries} discoveries are under way, the limit of this gateway; try again later`
        throw GatewayError.limit('maxDiscoveries', maxDiscoveries, text)
      }
      discoveries += 1
      try {
        return { roots: await discoverCapabilities(roots, os, signal) }
      } finally {
        discoveries -= 1
      }
    },

    async 'environmentConfig/read'({ cwd, configPaths, requirementsPaths }) {
      const paths = [...configPaths, ...requirementsPaths]
      if (paths.length === 0) {
        throw new GatewayError('invalidParams', 'at least one config or requirements path is required')
      }
      if (paths.some(path => path.length === 0)) {
        throw new GatewayError('invalidParams', 'TOML paths must contain at least one key segment')
      }
      const native = cwd.toNative(os)
      if (!Buffer.isBuffer(native)) {
        throw new GatewayError('invalidParams', native.problem, { data: { field: 'cwd' } })
      }
      return readEnvironmentConfig(config, { configPaths, requirementsPaths })
    },
  }
}
