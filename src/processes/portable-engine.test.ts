import { expect, test } from 'vitest'
import type { ChildEvents, Launch } from './engine.ts'
import type { NodePty } from './node-pty.ts'
import { PortableEngine } from './portable-engine.ts'

const launch: Launch = {
  argv: ['/bin/sh'],
  arg0: undefined,
  cwd: Buffer.from('/'),
  environment: new Map(),
  streams: 'terminal',
  terminalSize: undefined,
  timeoutMs: undefined,
}

test('a terminal that the system has no room for is refused, which is no failure of ours', () => {
  const full: Pick<NodePty, 'fork'> = {
    fork: () => {
      throw new Error('forkpty(3) failed.')
    },
  }
  const engine = new PortableEngine(full as NodePty)
  expect(() => engine.start(launch, {} as ChildEvents)).toThrow(
    expect.objectContaining({ kind: 'refused', message: expect.stringContaining('failed to start in a terminal') }),
  )
})
