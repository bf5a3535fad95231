/**
 * Gives back the memory of bytes that were alone in it, now instead of when they are collected. Megabytes of dead buffers look small to
 * the garbage collector, and count as much: it walks over the whole heap to find a few of them.
 *
 * They are empty afterwards. Whoever calls this knows that nobody needs them: no view of them, no call of the operating system
 * under way. What lies in one memory with other bytes stays.
 */
export function freeMemory(bytes: Buffer): void {
  const { buffer, length } = bytes
  // An empty buffer may have been freed before.
  if (length > 0 && length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/**
 * The same for bytes that are all that is used of a memory which is larger than they are. Memory of the size that Node.js cuts small
 * buffers from stays.
 */
export function freeMemoryAround({ buffer }: Buffer): void {
  if (buffer.byteLength > Buffer.poolSize && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
