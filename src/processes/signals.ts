import { constants } from 'node:os'
import type { ProcessSignal } from '../protocol/process-schemas.ts'

const { SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 } = constants.signals

/** What the protocol's names of signals mean to kill(2). */
export const signalNumbers: Readonly<Record<ProcessSignal, number>> = {
  interrupt: SIGINT,
  terminate: SIGTERM,
  kill: SIGKILL,
  hangup: SIGHUP,
  quit: SIGQUIT,
  usr1: SIGUSR1,
  usr2: SIGUSR2,
}

/** Signals that keys of a terminal send, which go to the group in its foreground. termios(3) */
export const typedSignals: ReadonlySet<ProcessSignal> = new Set(['interrupt', 'quit'])
