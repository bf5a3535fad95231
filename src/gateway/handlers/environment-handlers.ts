import type { EnvironmentInfo } from '../../protocol/session-schemas.ts'
import type { Handlers } from './handlers.ts'

type EnvironmentHandlers = Pick<Handlers, 'initialize' | 'environment/info' | 'environment/status'>

/** `describe` is asked each time: the working directory may go away while the gateway runs. */
export function environmentHandlers(describe: () => EnvironmentInfo): EnvironmentHandlers {
  return {
    initialize({ resumeSessionId }, { caller }) {
      return { sessionId: caller.initialize(resumeSessionId ?? undefined), environmentInfo: describe() }
    },
    'environment/info': describe,
    'environment/status': () => ({ status: 'ready' }),
  }
}
