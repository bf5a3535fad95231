import { GatewayError } from '../protocol/gateway-error.ts'
import type { ParamsInput } from '../protocol/method-table.ts'
import { isTransportLoss } from './call-errors.ts'
import { orAborted } from './deadline.ts'
import type { Link } from './link.ts'
import { RemoteProcess } from './remote-process.ts'

export type StartParams = ParamsInput<'process/start'>

/**
 * Starts a process and follows it. The request is sent once: when the connection breaks before the reply, nobody knows
 * whether the process exists, so the start fails and the process is ended in the background. So it is when the caller gives
 * up before the reply.
 * @throws GatewayError what the server refused, or `disconnected`
 */
export async function startProcess(link: Link, params: StartParams, signal?: AbortSignal): Promise<RemoteProcess> {
  signal?.throwIfAborted()
  const process = new RemoteProcess(params.processId, link)
  link.routes.add(process)
  const answered = sendOnce(link, params, signal)
  try {
    await orAborted(answered, signal)
    process.started()
    return process
  } catch (error) {
    if (signal?.aborted === true) void endWhenAnswered(link, process, answered)
    else if (mayRun(error)) void endProcess(link, process)
    else link.routes.remove(process)
    throw error
  }
}

/** Nobody knows what was lost on the way; an answer that cannot be read was none of the server's refusals. */
function mayRun(error: unknown): boolean {
  return isTransportLoss(error) || (error instanceof GatewayError && error.kind === 'protocolViolation')
}

/** A recovery waits for the outcome of what was sent; what was not sent yet waits for the recovery. */
async function sendOnce(link: Link, params: StartParams, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    await link.usable({ signal })
    // From here on not with the signal of the caller: the reply decides what has to be ended.
    const answered = link.call('process/start', params, { waits: false })
    link.holdRecoveryFor(answered)
    try {
      await answered
      return
    } catch (error) {
      if (!(error instanceof GatewayError) || error.kind !== 'recovering') throw error
    }
  }
}

async function endWhenAnswered(link: Link, process: RemoteProcess, answered: Promise<unknown>): Promise<void> {
  try {
    await answered
  } catch (error) {
    if (!mayRun(error)) return link.routes.remove(process)
  }
  await endProcess(link, process)
}

/** Ends what may run, however many connections it takes, and lets go of it when it has exited. */
export async function endProcess(link: Link, process: RemoteProcess): Promise<void> {
  const isEnding = await terminate(link, process)
  // One whose start was not answered is nobody's business any more.
  if (isEnding && process.isRecoverable) await process.exited.catch(() => {})
  link.routes.fail(process, `process ${process.id} was let go of`)
}

async function terminate(link: Link, process: RemoteProcess): Promise<boolean> {
  try {
    const { running } = await link.call('process/terminate', { processId: process.id }, { repeats: true })
    return running
  } catch {
    // Refused, or the session is gone and its processes with it: there is nothing left to do.
    return false
  }
}
