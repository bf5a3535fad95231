import { expect, test } from 'vitest'
import { GatewayError } from '../protocol/gateway-error.ts'
import type { ChildEvents, Launch } from './engine.ts'
import { Libc } from '../libc/libc.ts'
import { NodePty } from './node-pty.ts'
import { type EngineLoaders, openEngine } from './open-engine.ts'

const noKoffi = "Cannot find module 'koffi'"
const complete: EngineLoaders = { libc: () => Libc.load(), pty: () => NodePty.load() }
const lacking = (message: string) => () => {
  throw new Error(`${message}\nRequire stack:\n- somewhere`)
}

test.each([
  { choice: 'auto', runs: 'native' },
  { choice: 'native', runs: 'native' },
  { choice: 'portable', runs: 'portable' },
] as const)('$choice is $runs where everything is there', ({ choice, runs }) => {
  using opened = openEngine(choice, complete)
  expect([opened.engine.name, opened.fallback, opened.native !== undefined]).toEqual([
    runs,
    undefined,
    runs === 'native',
  ])
})

test('auto is portable without the native engine, and the reason is one line', () => {
  using opened = openEngine('auto', { ...complete, libc: lacking(noKoffi) })
  expect([opened.engine.name, opened.fallback]).toEqual(['portable', noKoffi])
})

test('native is refused where it is impossible', () => {
  const open = () => openEngine('native', { ...complete, libc: lacking(noKoffi) })
  expect(open).toThrow(`the native engine cannot run here: ${noKoffi}`)
})

test('a terminal without node-pty is refused with the reason', () => {
  using opened = openEngine('portable', { ...complete, pty: lacking("Cannot find module 'node-pty'") })
  const launch: Launch = {
    argv: ['true'],
    arg0: undefined,
    cwd: Buffer.from('/'),
    environment: new Map(),
    streams: 'terminal',
  }
  const start = () => opened.engine.start(launch, {} as ChildEvents)
  expect(start).toThrow(GatewayError)
  expect(start).toThrow(
    "the portable engine has no terminals: node-pty cannot be loaded: Cannot find module 'node-pty'",
  )
})
