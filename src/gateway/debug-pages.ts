import { ownedKinds } from '../lifecycle/ledger.ts'
import type { GatewayState } from './gateway-gauges.ts'
import { jsonPage, type Page } from './pages.ts'

/** More of a kind than this are counted but not listed. */
const maxListed = 1000

/** `/debug/state`: what there is, in numbers and ids. Nothing tells what runs: no command, path or output. */
export function statePage(gateway: GatewayState): Page {
  const connections = [...gateway.connections()]
  const sessions = [...gateway.sessions()]
  const processes = sessions.flatMap(session =>
    [...session.processes.summaries()].map(summary => ({ sessionId: session.id, ...summary })),
  )
  return jsonPage({
    isDraining: gateway.isDraining,
    guards: Object.fromEntries(ownedKinds.map(kind => [kind, gateway.ledger.active(kind)])),
    connections: list(connections, ({ id, transport, sessionId, ageMs, queuedBytes, requestCount }) => ({
      id,
      transport,
      sessionId: sessionId ?? null,
      ageMs: Math.round(ageMs),
      queuedBytes,
      requestsInFlight: requestCount,
    })),
    sessions: list(sessions, ({ id, state, openedAt, detachedMs }) => ({
      id,
      state,
      ageMs: Math.round(performance.now() - openedAt),
      detachedMs: Math.round(detachedMs),
    })),
    processes: list(
      processes,
      ({ sessionId, id, state, retainedBytes, queuedInputBytes, isHeldBack, polls, pid, ageMs }) => ({
        sessionId,
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
