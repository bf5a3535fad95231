import type { Library } from './library.ts'
import type { ProcessSymbols } from './process-symbols.ts'
import { SystemError } from './system-error.ts'

const EPOLL_CLOEXEC = 0o2000000
const EPOLL_CTL_ADD = 1
const EPOLLIN = 1

/** The kernel packs `struct epoll_event` on x86-64 only. */
const epollEvent = process.arch === 'x64' ? { bytes: 12, dataOffset: 4 } : { bytes: 16, dataOffset: 8 }
const batch = 256

/** Tells which of many descriptors are readable, at a cost that does not grow with their number. epoll(7) */
export class EpollSet implements Disposable {
  readonly #call: ProcessSymbols
  readonly #errno: Library['errno']
  readonly #set: number
  readonly #events = Buffer.alloc(epollEvent.bytes * batch)

  /** @throws SystemError when there are too many descriptors */
  constructor(call: ProcessSymbols, errno: Library['errno']) {
    this.#call = call
    this.#errno = errno
    this.#set = this.#result(call.epollCreate(EPOLL_CLOEXEC))
  }

  /** Reports `tag` from `readyTags` once the descriptor is readable. Closing the descriptor ends it. */
  watch(descriptor: number, tag: number): void {
    const event = Buffer.alloc(epollEvent.bytes)
    event.writeUInt32LE(EPOLLIN, 0)
    event.writeUInt32LE(tag, epollEvent.dataOffset)
    this.#result(this.#call.epollCtl(this.#set, EPOLL_CTL_ADD, descriptor, event))
  }

  /** Tags of the descriptors that are readable now, at most 256 of them. */
  readyTags(): number[] {
    const count = this.#call.epollWait(this.#set, this.#events, batch, 0)
    return Array.from({ length: Math.max(count, 0) }, (_, index) =>
      this.#events.readUInt32LE(index * epollEvent.bytes + epollEvent.dataOffset),
    )
  }

  [Symbol.dispose](): void {
    this.#call.close(this.#set)
  }

  #result(value: number): number {
    if (value < 0) throw new SystemError(this.#errno())
    return value
  }
}
