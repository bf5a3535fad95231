import { discoverCapabilities } from '../../discovery/capability-roots.ts'
import { type ConfigSource, readEnvironmentConfig } from '../../discovery/environment-config.ts'
import { maxCapabilityRoots } from '../../protocol/discovery-schemas.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'
import type { HostOs } from '../../protocol/path-uri.ts'
import type { Handlers } from './handlers.ts'

type DiscoveryHandlers = Pick<Handlers, 'capabilityRoots/discoverV1' | 'environmentConfig/read'>

export function discoveryHandlers({ os, config }: { os: HostOs; config: ConfigSource }): DiscoveryHandlers {
  return {
    async 'capabilityRoots/discoverV1'({ roots }, { signal }) {
      if (roots.length > maxCapabilityRoots) {
        throw new GatewayError(
          'invalidRequest',
          `capability root discovery accepts at most ${maxCapabilityRoots} roots`,
        )
      }
      return { roots: await discoverCapabilities(roots, os, signal) }
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
