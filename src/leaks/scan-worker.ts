import { parentPort } from 'node:worker_threads'
import { scanProcesses, type ScanRequest } from './scan.ts'

/** The other side of Scanner: answers each request with what was found. */
parentPort?.on('message', (request: ScanRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(scanProcesses(request))
})
