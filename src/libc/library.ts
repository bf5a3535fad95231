import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type koffi from 'koffi'

/** The C library of this process, open. */
export interface Library {
  readonly koffi: typeof koffi
  /**
   * A function of the library by its C prototype.
   * @throws when the library lacks it
   */
  readonly bind: <Arguments extends unknown[], Value>(prototype: string) => (...arguments_: Arguments) => Value
  /** Of the last call that failed. */
  readonly errno: () => number
}

/**
 * Loads koffi and opens the C library.
 * @throws when this is not Linux, koffi is missing, or the C library is not glibc
 */
export function openLibrary(): Library {
  if (process.platform !== 'linux') throw new Error(`the native engine needs Linux, this is ${process.platform}`)
  // A second C library in one process, which a machine with musl may well have, ends it.
  if (isMusl(mappingsOfThis())) throw new Error('the native engine needs glibc, this Node runs on musl')
  const loaded = createRequire(import.meta.url)('koffi') as typeof koffi
  const libc = loaded.load('libc.so.6')
  return {
    koffi: loaded,
    bind: prototype => libc.func(prototype) as never,
    errno: () => loaded.errno(),
  }
}

/** proc(5). Empty where it cannot be read. */
function mappingsOfThis(): string {
  try {
    return readFileSync('/proc/self/maps', 'latin1')
  } catch {
    return ''
  }
}

/** Whether the C library among the mappings of a process is musl: by the name of its loader, or the folder Debian keeps it in. */
export function isMusl(mappings: string): boolean {
  return /\/ld-musl-[^/\n]*$|-linux-musl\/libc\.so$/m.test(mappings)
}
