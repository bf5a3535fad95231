import { ownedKinds } from '../lifecycle/ledger.ts'
import type { GatewayState } from './gateway-gauges.ts'
import type { ShownProcess } from './operator-schemas.ts'
import { jsonPage, type Page } from './pages.ts'

/** More of a kind than this are counted but not listed. */
const maxListed = 1000

/**
 * `/debug/state`: what there is, in numbers and process ids. Nothing tells what runs: no command, path or output; and
 * nothing lets its reader take up a session, whose id is a credential.
 */
export function statePage(gateway: GatewayState): Page {
  const connections = [...gateway.connections()]
  const sessions = [...gateway.sessions()]
  const processes = sessions.flatMap(session =>
    [...session.processes.summaries()].map(summary => ({ session, ...summary })),
  )
  return jsonPage({
    isDraining: gateway.isDraining,
    guards: Object.fromEntries(ownedKinds.map(kind => [kind, gateway.ledger.active(kind)])),
    connections: list(connections, ({ id, transport, sessionNumber, ageMs, queuedBytes, requestCount }) => ({
      id,
      transport,
      session: sessionNumber ?? null,
      ageMs: Math.round(ageMs),
      queuedBytes,
      requestsInFlight: requestCount,
    })),
    sessions: list(sessions, ({ number, state, openedAt, detachedMs }) => ({
      number,
      state,
      ageMs: Math.round(performance.now() - openedAt),
      detachedMs: Math.round(detachedMs),
    })),
    processes: list(
      // Of many, those that have closed are the least interesting.
      [...processes.filter(({ state }) => state !== 'closed'), ...processes.filter(({ state }) => state === 'closed')],
      ({ session, id, state, retainedBytes, queuedInputBytes, isHeldBack, polls, pid, ageMs }): ShownProcess => ({
        session: session.number,
        sessionState: session.state,
        id,
        state,
        retainedBytes,
        queuedInputBytes,
        isHeldBack,
        polls,
        pid: pid ?? null,
        ageMs: Math.round(ageMs),
      }),
    ),
  })
}

function list<Item, Row>(items: readonly Item[], row: (item: Item) => Row): { count: number; listed: Row[] } {
  return { count: items.length, listed: items.slice(0, maxListed).map(row) }
}
