import { access } from 'node:fs/promises'

/**
 * Has Node.js start the threads that wait for files and names. Otherwise it starts them when they are first needed, and aborts the program
 * if the system has no thread left by then: commands may have taken them all.
 */
export async function startWorkerThreads(): Promise<void> {
  await access('/')
}
