import net from 'node:net'
import { Libc } from '../../src/libc/libc.ts'

/** A pipe between this program and one it starts. */
export interface SharedPipe {
  /** The end to hand to the other program; to be closed here once it has been started. */
  readonly theirs: number
  readonly ours: net.Socket
  closeTheirs(): void
}

/** Real pipes, as a shell makes them: `child_process` by itself makes sockets, which behave differently when full. */
export function openPipe(direction: 'to them' | 'from them'): SharedPipe {
  const libc = Libc.load()
  const [readEnd, writeEnd] = libc.pipe()
  const isInput = direction === 'to them'
  const theirs = isInput ? readEnd : writeEnd
  const ours = new net.Socket({ fd: isInput ? writeEnd : readEnd, readable: !isInput, writable: isInput })
  // The other side may be gone by the time something is written.
  ours.on('error', () => {})
  return {
    theirs,
    ours,
    closeTheirs: () => {
      libc.close(theirs)
    },
  }
}
