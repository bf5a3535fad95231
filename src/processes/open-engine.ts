import { ChildReaper } from './child-reaper.ts'
import type { ProcessEngine } from './engine.ts'
import { Libc } from '../libc/libc.ts'
import { GatewayError } from '../protocol/gateway-error.ts'
import { NativeEngine } from './native-engine.ts'
import { NodePty } from './node-pty.ts'
import { PortableEngine } from './portable-engine.ts'

/** Which engine an operator wants: `auto` is native where that is possible. */
export type EngineChoice = 'auto' | 'native' | 'portable'

/** What else the native engine is made of, for whoever looks after processes of others. */
export interface NativeParts {
  readonly libc: Libc
  readonly reaper: ChildReaper
}

export interface OpenEngine extends Disposable {
  readonly engine: ProcessEngine
  /** Absent with the portable engine. */
  readonly native: NativeParts | undefined
  /** Why `auto` came to the portable engine, in one line. */
  readonly fallback: string | undefined
}

/** What the engines are made of. */
export interface EngineLoaders {
  readonly libc: () => Libc
  readonly pty: () => NodePty
}

const installed: EngineLoaders = { libc: () => Libc.load(), pty: () => NodePty.load() }

/**
 * Decides once, at the start, which engine runs.
 * @throws GatewayError when the native engine is asked for and impossible
 */
export function openEngine(choice: EngineChoice, load: EngineLoaders = installed): OpenEngine {
  const libc = choice === 'portable' ? undefined : tryTo(load.libc)
  if (libc instanceof Libc) {
    const reaper = ChildReaper.open(libc)
    return {
      engine: new NativeEngine(libc, reaper),
      native: { libc, reaper },
      fallback: undefined,
      [Symbol.dispose]: () => {
        reaper[Symbol.dispose]()
      },
    }
  }
  if (choice === 'native') throw new GatewayError('refused', `the native engine cannot run here: ${libc}`)
  const engine = new PortableEngine(tryTo(load.pty))
  return { engine, native: undefined, fallback: libc, [Symbol.dispose]: () => {} }
}

/** What was loaded, or the first line of why it was not. */
function tryTo<Value>(load: () => Value): Value | string {
  try {
    return load()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return text.split('\n', 1)[0] ?? text
  }
}
