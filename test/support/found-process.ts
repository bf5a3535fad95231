import type { ParamsInput } from '../../src/protocol/method-table.ts'
import type { Conversation } from './conversation.ts'
import { ForeignProcess } from './foreign-process.ts'
import { plainPath } from './program.ts'

/** Starts a shell script that prints the pid of a process with `echo $$`, first of all, and finds that process. */
export async function startFound(
  conversation: Conversation,
  processId: string,
  script: string,
  more: Partial<ParamsInput<'process/start'>> = {},
): Promise<ForeignProcess> {
  await conversation.start(processId, ['/bin/sh', '-c', script], { env: { PATH: plainPath }, ...more })
  await conversation.outputContains(processId, '\n')
  return ForeignProcess.of(parseInt(conversation.output(processId).toString(), 10))
}

/** Ends like any other. */
export const plain = 'echo $$; exec sleep 1000'

/** Ends by nothing but SIGKILL. It says so only once it is true. */
export const stubborn = "trap '' TERM HUP INT; echo $$; exec sleep 1000"

/** Is stopped, so that no handler runs, whatever it is sent. */
export const stopped = 'echo $$; kill -STOP $$; exec sleep 1000'

/** Has left the session of its parent, which has ended; its streams are its own. */
export const orphaned = "setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &"
