import type { PooledSize } from '../lifecycle/buffer-pools.ts'

/**
 * Frames whose memory is used again: replies with small files, messages around a full chunk of output, and around a full block of a
 * file. A frame that waits holds on to no more than eight times its size.
 */
export const frameSizes: readonly PooledSize[] = [
  { leastBytes: 2 * 1024, bytes: 15 * 1024, maxFree: 64 },
  { leastBytes: 15 * 1024, bytes: 68 * 1024, maxFree: 64 },
  { leastBytes: 512 * 1024, bytes: 1400 * 1024, maxFree: 2 },
]
