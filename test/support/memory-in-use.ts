import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What this program holds once everything that can be collected has been, in bytes. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
