import { errorKinds } from '../src/protocol/gateway-error.ts'
import { metrics } from '../src/telemetry/catalogue.ts'
import { loadGenerator } from './load-generator.ts'
import type { Dashboard, Panel, Target } from './panels.ts'
import { countRate, largest, quantile, rate, series, shareBeyond, total } from './queries.ts'

const availabilityObjective = 0.001
const latencyObjective = 0.05
const fastSeconds = 0.25
/** Failures that are the gateway's. */
const serverFaults = metrics.requestErrors.attributes.kind.filter(kind => errorKinds[kind].isServerFault)
/** Reads wait for news on purpose, HTTP requests for somebody else: their time is the caller's. */
const notWaiting = { method: { not: ['process/read', 'http/request'] } } as const

const line = (expr: string, legend: string): Target => ({ expr, legend })
const stat = (title: string, description: string, unit: string, expr: string, threshold?: number): Panel => ({
  title,
  description,
  unit,
  kind: 'stat',
  width: 4,
  targets: [line(expr, title)],
  ...(threshold !== undefined && { threshold }),
})
const graph = (
  title: string,
  description: string,
  unit: string,
  targets: readonly Target[],
  threshold?: number,
): Panel => ({
  title,
  description,
  unit,
  targets,
  ...(threshold !== undefined && { threshold }),
})

const errorShare = `(${rate('requestErrors', [], { kind: serverFaults })}) / (${rate('requests')})`

export const fleet: Dashboard = {
  uid: 'execgate-fleet',
  title: 'execgate 1 · Fleet',
  description: 'Is it up, does it keep its promises, what does it do, does anything leak.',
  rows: [
    {
      title: 'Is it up',
      panels: [
        stat('Gateways', 'Gateways that report.', 'short', `count(${series('buildInfo')})`),
        stat(
          'Versions',
          'Different versions that run.',
          'short',
          `count(count by (version) (${series('buildInfo')}))`,
          3,
        ),
        stat('Draining', 'Gateways that shut down.', 'short', total('draining')),
        stat(
          'Oldest heartbeat',
          'The gateway that has been silent for longest.',
          's',
          `time() - min(${series('heartbeat')})`,
          60,
        ),
        stat('Uptime', 'Of the gateway started last.', 's', `time() - max(${series('startTime')})`),
        stat('Leaked processes', 'At the last census, all reasons.', 'short', total('processesLeaked'), 1),
      ],
    },
    {
      title: 'Objectives',
      panels: [
        graph(
          'Failed requests',
          'Share of requests that failed by the gateway’s fault; the objective is 0.1 %.',
          'percentunit',
          [line(errorShare, 'failed')],
          availabilityObjective,
        ),
        graph(
          'Slow requests',
          'Share of requests other than reads that took longer than 250 ms; the objective is 5 %.',
          'percentunit',
          [line(shareBeyond(fastSeconds, 'requestDuration', notWaiting), 'slow')],
          latencyObjective,
        ),
        graph(
          'Slow starts',
          'Share of processes that took longer than 250 ms from the request to the pid.',
          'percentunit',
          [line(shareBeyond(fastSeconds, 'spawnDuration'), 'slow')],
          latencyObjective,
        ),
      ],
    },
    {
      title: 'Traffic',
      panels: [
        graph('Requests', 'Requests that are over, by result.', 'reqps', [
          line(rate('requests', ['result']), '{{result}}'),
        ]),
        graph(
          'Latency',
          'Of requests other than reads, which wait for news.',
          's',
          [0.5, 0.95, 0.99].map(share => line(quantile(share, 'requestDuration', [], notWaiting), `p${share * 100}`)),
          fastSeconds,
        ),
        graph('Processes started', 'Attempts by result.', 'ops', [
          line(rate('processesStarted', ['result']), '{{result}}'),
        ]),
      ],
    },
    {
      title: 'State',
      panels: [
        graph('Connections', 'Open connections by transport.', 'short', [
          line(total('connectionsActive', ['transport']), '{{transport}}'),
        ]),
        graph('Sessions', 'Sessions by state.', 'short', [line(total('sessions', ['state']), '{{state}}')]),
        graph('Processes', 'Running, by gateway.', 'short', [
          line(total('processesActive', ['instance']), '{{instance}}'),
        ]),
      ],
    },
  ],
}

export const requests: Dashboard = {
  uid: 'execgate-requests',
  title: 'execgate 2 · Requests',
  description: 'Rate, errors and latency of every method.',
  rows: [
    {
      title: 'Rate and errors',
      panels: [
        graph('Requests by method', 'Requests that are over.', 'reqps', [
          line(rate('requests', ['method']), '{{method}}'),
        ]),
        graph('Errors by kind', 'Only internal and limitReached are the gateway’s fault.', 'reqps', [
          line(rate('requestErrors', ['kind']), '{{kind}}'),
        ]),
        graph('Limits reached', 'Refusals by limit.', 'ops', [line(rate('limitsReached', ['limit']), '{{limit}}')]),
      ],
    },
    {
      title: 'Latency',
      panels: [
        graph('p50 by method', 'From dispatch to the reply; process/read includes the time it waits for news.', 's', [
          line(quantile(0.5, 'requestDuration', ['method']), '{{method}}'),
        ]),
        graph(
          'p95 by method',
          'From dispatch to the reply; process/read includes the time it waits for news.',
          's',
          [line(quantile(0.95, 'requestDuration', ['method']), '{{method}}')],
          fastSeconds,
        ),
        graph(
          'p99 from receipt',
          'From receipt to the reply, without reads.',
          's',
          [line(quantile(0.99, 'requestTotalDuration', ['method'], notWaiting), '{{method}}')],
          fastSeconds,
        ),
        graph('Waiting to be dispatched', 'p95 from receipt to the start of the handler.', 's', [
          line(quantile(0.95, 'requestQueueDuration', ['method']), '{{method}}'),
        ]),
        graph('Long-polls', 'How long reads waited (p50), by what ended the wait.', 's', [
          line(quantile(0.5, 'pollDuration', ['outcome']), '{{outcome}}'),
        ]),
        graph('In flight', 'Requests whose reply is outstanding.', 'short', [
          line(total('requestsInFlight', ['instance']), '{{instance}}'),
        ]),
      ],
    },
  ],
}

export const processes: Dashboard = {
  uid: 'execgate-processes',
  title: 'execgate 3 · Processes and leaks',
  description: 'How processes start, live and end, and what is left of them.',
  rows: [
    {
      title: 'Life',
      panels: [
        graph(
          'Start to pid',
          'From the request to the pid.',
          's',
          [0.5, 0.95].map(share => line(quantile(share, 'spawnDuration', ['mode']), `{{mode}} p${share * 100}`)),
          fastSeconds,
        ),
        graph('Start to first output', 'From the request to the first byte.', 's', [
          line(quantile(0.95, 'firstOutput', ['mode']), '{{mode}} p95'),
        ]),
        graph('Duration', 'From the start to the end, by result.', 's', [
          line(quantile(0.95, 'processDuration', ['result']), '{{result}} p95'),
        ]),
        graph('Finished', 'Processes whose end is decided.', 'ops', [
          line(rate('processesFinished', ['result']), '{{result}}'),
        ]),
        graph('How they ended', 'As the operating system tells.', 'ops', [
          line(rate('processExits', ['kind']), '{{kind}}'),
        ]),
        graph('Signals sent', 'By the gateway.', 'ops', [line(rate('processSignals', ['signal']), '{{signal}}')]),
        graph('CPU', 'Processors used by processes that have exited.', 'short', [
          line(rate('processCpu', ['instance']), '{{instance}}'),
        ]),
        graph('Peak memory', 'Of processes that have exited, where it is known.', 'bytes', [
          line(quantile(0.95, 'processPeakMemory'), 'p95'),
        ]),
        graph('Oldest', 'Age of the process that runs longest.', 's', [
          line(largest('processOldestAge', ['instance']), '{{instance}}'),
        ]),
      ],
    },
    {
      title: 'Leaks',
      panels: [
        graph(
          'Leaked',
          'Processes that should be gone, by reason.',
          'short',
          [line(total('processesLeaked', ['reason']), '{{reason}}')],
          1,
        ),
        graph('Gateway and operating system', 'Both should count the same leaders.', 'short', [
          line(total('processesActive'), 'gateway'),
          line(total('processesOs', ['role']), 'system: {{role}}'),
        ]),
        graph('Orphans dealt with', 'Ended or waited for.', 'ops', [
          line(rate('orphansReaped', ['reason', 'result']), '{{reason}} {{result}}'),
        ]),
        graph('Guards', 'What the gateway holds and has to release.', 'short', [
          line(total('guards', ['kind']), '{{kind}}'),
        ]),
        graph(
          'Lost guards',
          'Never released: a defect.',
          'short',
          [line(`sum by (kind) (increase(${series('guardLeaks')}[$__rate_interval]))`, '{{kind}}')],
          1,
        ),
        graph(
          'Age of the census',
          'Since the last look at the processes of the machine.',
          's',
          [line(largest('censusAge', ['instance']), '{{instance}}')],
          300,
        ),
      ],
    },
  ],
}

export const streams: Dashboard = {
  uid: 'execgate-streams',
  title: 'execgate 4 · Sessions and streams',
  description: 'Who is connected, what flows, who is held back.',
  rows: [
    {
      title: 'Connections and sessions',
      panels: [
        graph('Connections opened', 'By transport.', 'ops', [
          line(rate('connections', ['transport']), '{{transport}}'),
        ]),
        graph('Connections closed', 'By what ended them.', 'ops', [
          line(rate('connectionsClosed', ['cause']), '{{cause}}'),
        ]),
        graph('Connections refused', 'By reason.', 'ops', [
          line(rate('connectionsRejected', ['reason']), '{{reason}}'),
        ]),
        graph('How long connections last', 'p50 by transport.', 's', [
          line(quantile(0.5, 'connectionDuration', ['transport']), '{{transport}}'),
        ]),
        graph('Resumes', 'Attempts to take a session up again.', 'ops', [
          line(rate('sessionResumes', ['outcome']), '{{outcome}}'),
        ]),
        graph('Sessions ended', 'By cause.', 'ops', [line(rate('sessionsEnded', ['cause']), '{{cause}}')]),
        graph('Longest detached', 'Beside the time after which a session ends.', 's', [
          line(largest('sessionOldestDetached'), 'oldest'),
          line(largest('sessionDetachedLimit'), 'limit'),
        ]),
        graph(
          'How long sessions last',
          'p50 and p95.',
          's',
          [0.5, 0.95].map(share => line(quantile(share, 'sessionDuration'), `p${share * 100}`)),
        ),
        graph(
          'Round trip',
          'From a ping to its pong, behind what was queued.',
          's',
          [0.5, 0.95].map(share => line(quantile(share, 'pingDuration'), `p${share * 100}`)),
        ),
      ],
    },
    {
      title: 'Streams',
      panels: [
        graph('Output', 'By stream.', 'Bps', [line(rate('outputBytes', ['stream']), '{{stream}}')]),
        graph(
          'Retained output',
          'Held for clients to read, of open and closed processes, beside what it may take.',
          'bytes',
          [
            line(total('outputRetained', ['processes']), '{{processes}}'),
            line(total('outputRetainedLimit', ['processes']), '{{processes}}, limit'),
          ],
        ),
        graph('Evicted output', 'No longer readable, by reason.', 'Bps', [
          line(rate('outputEvicted', ['reason']), '{{reason}}'),
        ]),
        graph('Gaps', 'Reads that came too late.', 'ops', [line(rate('outputGaps'), 'gaps')]),
        graph('Closed processes', 'That can still be read.', 'short', [
          line(total('closedProcesses', ['instance']), '{{instance}}'),
        ]),
        graph('Input', 'Accepted for processes, and not read yet.', 'bytes', [
          line(rate('stdinBytes'), 'accepted in a second'),
          line(total('stdinQueued'), 'queued'),
        ]),
        graph('Writes', 'To standard inputs, by result.', 'ops', [line(rate('stdinWrites', ['result']), '{{result}}')]),
        graph('Send queue', 'Waiting to be sent: all connections, and the one with most.', 'bytes', [
          line(total('sendQueue'), 'all'),
          line(largest('sendQueueMax'), 'largest'),
        ]),
        graph('Backpressure', 'Processes and peers that were held back, and let go on.', 'ops', [
          line(rate('backpressure', ['action']), '{{action}}'),
        ]),
        graph('Messages', 'By direction and kind.', 'ops', [
          line(rate('messages', ['direction', 'kind']), '{{direction}} {{kind}}'),
        ]),
        graph('Message bytes', 'By direction.', 'Bps', [line(rate('messageBytes', ['direction']), '{{direction}}')]),
      ],
    },
    {
      title: 'Files',
      panels: [
        graph('File operations', 'By operation.', 'ops', [
          line(rate('fileOperations', ['operation']), '{{operation}}'),
        ]),
        graph('What comes of them', 'File operations by result.', 'ops', [
          line(rate('fileOperations', ['result']), '{{result}}'),
        ]),
        graph('File contents', 'Read and written by clients.', 'Bps', [
          line(rate('fileBytes', ['direction']), '{{direction}}'),
        ]),
        graph('File handles', 'Held open by clients.', 'short', [
          line(total('fileHandles', ['instance']), '{{instance}}'),
        ]),
        graph(
          'Refused by the operator',
          'Outside the roots, changes in read-only ones, or no files at all; by option.',
          'ops',
          [line(rate('fileRefusals', ['option']), '{{option}}')],
        ),
        graph('Missing paths', 'Watches that ended with a change.', 'ops', [line(rate('missingChanges'), 'changes')]),
      ],
    },
    {
      title: 'HTTP requests made for callers',
      panels: [
        graph('Requests under way', 'Streamed responses until their end.', 'short', [
          line(total('fetchesActive', ['mode']), '{{mode}}'),
        ]),
        graph('Results', 'How they ended; refused by the rules for targets.', 'ops', [
          line(rate('fetches', ['result']), '{{result}}'),
        ]),
        graph('Durations', 'To the end of the response, by mode: medians and 95th percentiles.', 's', [
          line(quantile(0.5, 'fetchDuration', ['mode']), 'p50 {{mode}}'),
          line(quantile(0.95, 'fetchDuration', ['mode']), 'p95 {{mode}}'),
        ]),
        graph('Bodies', 'Of requests and responses.', 'Bps', [
          line(rate('fetchBytes', ['direction']), '{{direction}}'),
        ]),
        graph('Connections', 'New ones, and those used again; repeated: it had just been closed.', 'ops', [
          line(rate('fetchConnections', ['use']), '{{use}}'),
        ]),
      ],
    },
  ],
}

export const runtime: Dashboard = {
  uid: 'execgate-runtime',
  title: 'execgate 5 · Runtime and telemetry',
  description: 'The gateway as a program, its limits, and whether this data can be trusted.',
  rows: [
    {
      title: 'Runtime',
      panels: [
        graph(
          'Event loop delay',
          'By how much it was late.',
          's',
          [line(largest('eventLoopDelay', ['statistic']), '{{statistic}}')],
          0.1,
        ),
        graph(
          'Event loop utilisation',
          'Share of time it was busy.',
          'percentunit',
          [line(largest('eventLoopUtilization', ['instance']), '{{instance}}')],
          0.9,
        ),
        graph('Memory', 'Of the gateway itself.', 'bytes', [line(total('memory', ['kind']), '{{kind}}')]),
        graph('Memory given back', 'After a time without messages, a second.', 'Bps', [
          line(rate('memoryReleased', ['instance']), '{{instance}}'),
        ]),
        graph('Descriptors', 'Open, beside the limit.', 'short', [
          line(largest('openFds', ['instance']), '{{instance}}'),
          line(`min(${series('maxFds')})`, 'limit'),
        ]),
        graph('Limits', 'Configured, to compare with what counts towards them.', 'short', [
          line(`min by (limit) (${series('limits')})`, '{{limit}}'),
        ]),
      ],
    },
    {
      title: 'Telemetry',
      panels: [
        graph('Exports', 'Batches handed to the collector.', 'ops', [
          line(rate('telemetryExports', ['signal', 'result']), '{{signal}} {{result}}'),
        ]),
        graph(
          'Waiting batches',
          'That failed and are sent again.',
          'short',
          [line(largest('telemetryQueue', ['instance']), '{{instance}}')],
          10,
        ),
        graph('Lost batches', 'That were given up or not taken in full.', 'ops', [
          line(rate('telemetryDropped', ['signal']), '{{signal}}'),
        ]),
      ],
    },
  ],
}

/** The same panel for each version or machine under load, told apart by gateway. */
const compared = (title: string, description: string, unit: string, expr: string): Panel => ({
  ...graph(title, description, unit, [line(expr, '{{instance}}')]),
  width: 12,
})

export const comparison: Dashboard = {
  uid: 'execgate-comparison',
  title: 'execgate 6 · Load test',
  description: 'Gateways under the same load side by side: choose the two to compare above.',
  rows: [
    {
      title: 'Latency',
      panels: [
        compared(
          'One-shot p50',
          'Processes from start to end, half of them.',
          's',
          quantile(0.5, 'processDuration', ['instance']),
        ),
        compared(
          'One-shot p95',
          'Processes from start to end, the slow ones.',
          's',
          quantile(0.95, 'processDuration', ['instance']),
        ),
        compared(
          'Requests p50',
          'Without reads and HTTP requests.',
          's',
          quantile(0.5, 'requestDuration', ['instance'], notWaiting),
        ),
        compared(
          'Requests p95',
          'Without reads and HTTP requests.',
          's',
          quantile(0.95, 'requestDuration', ['instance'], notWaiting),
        ),
      ],
    },
    {
      title: 'Throughput and cost',
      panels: [
        compared('Processes', 'Finished in a second.', 'ops', countRate('processDuration', ['instance'])),
        compared('Output', 'Bytes in a second.', 'Bps', rate('outputBytes', ['instance'])),
        compared(
          'Event loop utilisation',
          'Share of one processor the gateway needs.',
          'percentunit',
          largest('eventLoopUtilization', ['instance']),
        ),
        compared('Resident memory', 'Of the gateway.', 'bytes', total('memory', ['instance'], { kind: 'rss' })),
      ],
    },
  ],
}

export const dashboards: readonly Dashboard[] = [
  fleet,
  requests,
  processes,
  streams,
  runtime,
  comparison,
  loadGenerator,
]
