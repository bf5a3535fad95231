import { ownedKinds, type Ledger } from '../lifecycle/ledger.ts'
import type { Fetching } from '../fetching/fetching.ts'
import type { ClosedProcesses } from '../processes/closed-processes.ts'
import type { OutputBudget } from '../processes/output-budget.ts'
import type { ProcessMetrics } from '../processes/process-metrics.ts'
import type { Session } from '../sessions/session.ts'
import { configuredLimits } from '../protocol/limit-names.ts'
import { fetchModes, keptStates, sessionStates, transports } from '../telemetry/catalogue.ts'
import type { Gauges } from '../telemetry/instruments.ts'
import type { ConnectionMetrics } from './connection-metrics.ts'
import type { Connection } from './connection.ts'
import type { GatewayLimits } from './gateway-limits.ts'

/** What the gauges of a gateway look at. Each looks when the metrics are collected. */
export interface GatewayState {
  readonly limits: GatewayLimits
  readonly ledger: Ledger
  readonly closed: ClosedProcesses
  readonly output: OutputBudget
  readonly fetching: Fetching
  readonly connectionMetrics: ConnectionMetrics
  readonly processMetrics: ProcessMetrics
  readonly isDraining: boolean
  connections(): Iterable<Connection>
  sessions(): Iterable<Session>
}

export type GatewayGauges = Pick<
  Gauges,
  | 'draining'
  | 'limits'
  | 'connectionsActive'
  | 'sendQueue'
  | 'sendQueueMax'
  | 'requestsInFlight'
  | 'processesActive'
  | 'processOldestAge'
  | 'closedProcesses'
  | 'guards'
  | 'outputRetained'
  | 'outputRetainedLimit'
  | 'sessions'
  | 'sessionOldestDetached'
  | 'sessionDetachedLimit'
  | 'stdinQueued'
  | 'fileHandles'
  | 'fetchesActive'
>

export function gatewayGauges(gateway: GatewayState): GatewayGauges {
  const { limits, ledger, processMetrics, connectionMetrics } = gateway
  const queues = () => Iterator.from(gateway.connections()).map(({ queuedBytes }) => queuedBytes)
  const processes = () => Iterator.from(gateway.sessions()).flatMap(session => session.processes.openSummaries())
  return {
    draining: observe => observe(gateway.isDraining ? 1 : 0, {}),
    limits: observe => {
      for (const limit of configuredLimits) observe(limits[limit], { limit })
    },
    connectionsActive: observe => {
      for (const transport of transports) observe(connectionMetrics.active[transport], { transport })
    },
    sendQueue: observe => observe(sum(queues()), {}),
    sendQueueMax: observe => observe(largest(queues()), {}),
    requestsInFlight: observe => observe(ledger.active('request'), {}),
    processesActive: observe => observe(processMetrics.active, {}),
    processOldestAge: observe => {
      const running = processes().filter(({ state }) => state === 'running')
      observe(largest(running.map(({ ageMs }) => ageMs)) / 1000, {})
    },
    closedProcesses: observe => observe(gateway.closed.count, {}),
    guards: observe => {
      for (const kind of ownedKinds) observe(ledger.active(kind), { kind })
    },
    outputRetained: observe => {
      const bytes = { open: gateway.output.keptBytes, closed: gateway.closed.bytes }
      for (const processes of keptStates) observe(bytes[processes], { processes })
    },
    outputRetainedLimit: observe => {
      const bytes = { open: gateway.output.sharedBytes, closed: limits.closedOutputBytes }
      for (const processes of keptStates) observe(bytes[processes], { processes })
    },
    sessions: observe => {
      const counts = { attached: 0, detached: 0, ending: 0 }
      for (const { state } of gateway.sessions()) counts[state] += 1
      for (const state of sessionStates) observe(counts[state], { state })
    },
    sessionOldestDetached: observe => {
      observe(largest(Iterator.from(gateway.sessions()).map(({ detachedMs }) => detachedMs)) / 1000, {})
    },
    sessionDetachedLimit: observe => observe(limits.detachedSessionMs / 1000, {}),
    fileHandles: observe => observe(ledger.active('file_handle'), {}),
    fetchesActive: observe => {
      for (const mode of fetchModes) observe(gateway.fetching.metrics.active[mode], { mode })
    },
    stdinQueued: observe => observe(sum(processes().map(({ queuedInputBytes }) => queuedInputBytes)), {}),
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

/** 0 when there are none. */
function largest(numbers: Iterable<number>): number {
  let most = 0
  for (const number of numbers) most = Math.max(most, number)
  return most
}
