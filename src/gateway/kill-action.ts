import type { Logger } from 'pino'
import type { Session } from '../sessions/session.ts'
import type { GatewayState } from './gateway-gauges.ts'
import { type KillReply, KillRequest, maxKills, type ProcessAddress } from './operator-schemas.ts'
import { type Action, jsonPage, textPage } from './pages.ts'

/** `POST /admin/kill`: an operator ends processes, whoever they belong to. Each is told of in the log. */
export function killAction(gateway: GatewayState, log: Logger): Action {
  return body => {
    const request = KillRequest.safeParse(body)
    if (!request.success) {
      return textPage(400, `expected {"processes":[{"session":NUMBER,"id":TEXT}]} with 1 to ${maxKills} processes`)
    }
    if (gateway.isDraining) return textPage(503, 'the gateway is shutting down and ends every process itself')
    const sessions = new Map(Array.from(gateway.sessions(), session => [session.number, session]))
    const processes = request.data.processes.map(address => ({
      ...address,
      outcome: kill(sessions.get(address.session), address, log),
    }))
    return jsonPage({ processes } satisfies KillReply)
  }
}

function kill(
  session: Session | undefined,
  { id }: ProcessAddress,
  log: Logger,
): KillReply['processes'][number]['outcome'] {
  if (session === undefined) return 'unknown'
  const outcome = session.processes.killEverythingOf(id)
  const address = { session: session.number, processId: id }
  if (outcome === 'killed') log.info(address, 'an operator killed a process')
  if (outcome === 'refused') log.warn(address, 'a process cannot be killed: the operating system refuses')
  return outcome
}
