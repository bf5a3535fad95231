import { ByteAllowance } from '../../src/lifecycle/byte-allowance.ts'
import { HostProcess } from '../../src/processes/host-process.ts'
import type { SessionShares } from '../../src/processes/process-host.ts'
import type { StandardStreams } from '../../src/processes/engine.ts'
import { FakeDelivery } from './fake-delivery.ts'
import type { FakeChild } from './fake-engine.ts'
import { type FakeHost, fakeHost, launchOf } from './fake-host.ts'

/** A process that nobody asked for in particular. */
export const nobody = { requestedAt: 0, span: undefined, launch: 1 }

export interface FakeStart {
  readonly host: FakeHost
  readonly delivery: FakeDelivery
  readonly process: HostProcess
  readonly child: FakeChild
  /** How often the process said that it is closed. */
  readonly closings: number[]
}

function sharesOf({ limits, output }: FakeHost): SessionShares {
  const waitingInput = new ByteAllowance(limits.waitingInputBytes, () => new RangeError('too much input waits'))
  return { output: output.session(), waitingInput }
}

/** A process over a child that the test plays, attached to a delivery. */
export function fakeStart(
  options: { streams?: StandardStreams; host?: FakeHost; isDetached?: boolean } = {},
): FakeStart {
  const host = options.host ?? fakeHost()
  const delivery = new FakeDelivery()
  const closings: number[] = []
  const process = HostProcess.start({
    host,
    id: 'p',
    launch: launchOf('program', options.streams ?? 'pipes'),
    origin: nobody,
    delivery: options.isDetached === true ? undefined : delivery,
    session: sharesOf(host),
    closed: () => closings.push(closings.length),
  })
  return { host, delivery, process, child: host.engine.child, closings }
}
