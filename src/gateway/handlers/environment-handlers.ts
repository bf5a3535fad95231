import type { EnvironmentInfo } from '../../protocol/session-schemas.ts'
import type { Handlers } from './handlers.ts'

type EnvironmentHandlers = Pick<Handlers, 'initialize' | 'environment/info' | 'environment/status'>

/** `describe` is asked each time: the working directory may go away while the gateway runs. */
export function environmentHandlers(describe: () => EnvironmentInfo, detachedSessionMs: number): EnvironmentHandlers {
  return {
    initialize({ resumeSessionId }, { caller }) {
      const sessionId = caller.initialize(resumeSessionId ?? undefined)
      return { sessionId, environmentInfo: describe(), detachedSessionMs }
    },
    'environment/info': describe,
    'environment/status': () => ({ status: 'ready' }),
  }
}
