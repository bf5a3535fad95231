import type { WritableStreamDefaultController } from 'node:stream/web'

/** Aborted at once when a stream is; its sink is told only after the write under way. */
export function signalOf(controller: WritableStreamDefaultController): AbortSignal {
  // The types of Node leave it out.
  return (controller as WritableStreamDefaultController & { readonly signal: AbortSignal }).signal
}
