import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Library } from './library.ts'

type CollectGarbage = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void

/** Gives back what this program does not need: all garbage, the size of the young generation, and what malloc(3) keeps. It takes a while. */
export class Heap {
  readonly #trim: (pad: number) => number

  /** @param library without one, or without malloc_trim(3) in it, the allocator keeps what it has */
  constructor(library: Library | undefined) {
    this.#trim = (library && bindTrim(library)) ?? (() => 0)
  }

  release(): void {
    exposedCollector()({ type: 'major', flavor: 'last-resort' })
    this.#trim(0)
  }
}

function bindTrim(library: Library): ((pad: number) => number) | undefined {
  try {
    return library.bind('int malloc_trim(size_t pad)')
  } catch {
    return undefined
  }
}

/** What `node --expose-gc` gives to programs. A context made meanwhile has it, this one and later ones do not. */
function exposedCollector(): CollectGarbage {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc') as CollectGarbage
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
