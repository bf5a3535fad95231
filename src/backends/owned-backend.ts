import type { ExecBackend } from './exec-backend.ts'

/** A backend whose end is that of everything it needs, itself included. */
export function ownedBackend(backend: ExecBackend, owned: AsyncDisposable): ExecBackend {
  return {
    announces: extension => backend.announces(extension),
    start: (command, options) => backend.start(command, options),
    exec: (command, options) => backend.exec(command, options),
    [Symbol.asyncDispose]: async () => {
      await owned[Symbol.asyncDispose]()
    },
  }
}
