import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import type { NativeParts } from './open-engine.ts'

const O_WRONLY = 1
const shell = '/bin/sh'
const path = 'PATH=/usr/local/bin:/usr/bin:/bin'

/** Starts a shell that reads from a lifeline, and tells when it has ended. Disposing the result cuts the lifeline. */
export type WatchdogStart = (argv: readonly [name: string, ...rest: string[]], ended: () => void) => Disposable

/** By posix_spawn. */
export function startNatively({ libc, reaper }: NativeParts): WatchdogStart {
  return (argv, ended) => {
    const [readEnd, writeEnd] = libc.pipe()
    try {
      const pid = libc.spawn({
        file: shell,
        argv,
        environment: [path],
        cwd: Buffer.from('/'),
        descriptors: [{ descriptor: readEnd }, { path: '/dev/null', flags: O_WRONLY }, { sameAs: 1 }],
      })
      reaper.watch(pid, ended)
    } catch (error) {
      libc.close(writeEnd)
      throw error
    } finally {
      libc.close(readEnd)
    }
    return {
      [Symbol.dispose]: () => {
        libc.close(writeEnd)
      },
    }
  }
}

/** By Node. */
export const startPortably: WatchdogStart = ([name, ...rest], ended) => {
  const environment = { PATH: path.slice('PATH='.length) }
  const stdio = ['pipe', 'ignore', 'ignore'] as const
  const child = spawn(shell, rest, { argv0: name, env: environment, cwd: '/', detached: true, stdio: [...stdio] })
  const lifeline = child.stdin as Socket
  lifeline.on('error', () => {})
  lifeline.unref()
  child.unref()
  child.on('error', ended)
  child.on('exit', ended)
  return {
    [Symbol.dispose]: () => {
      lifeline.destroy()
    },
  }
}
