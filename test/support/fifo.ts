import { execFileSync } from 'node:child_process'

/** Makes a FIFO: opening it without O_NONBLOCK waits for the other end. fifo(7) */
export function makeFifo(path: string): string {
  execFileSync('mkfifo', [path])
  return path
}
