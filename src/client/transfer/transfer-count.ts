import type { Transferred, TransferProgress } from './transfer-options.ts'

/** How far one file is. */
export interface FileCount {
  /** So many bytes from the beginning are in place. */
  reach(bytes: number): void
  /** So many bytes from the beginning are in place since an earlier run. */
  keep(bytes: number): void
  finish(): void
}

/** Counts what a transfer has put in place, and tells whoever wants to know. */
export class TransferCount {
  readonly #totalFiles: number
  readonly #tell: (progress: TransferProgress) => void
  #files = 0
  #bytes = 0
  #totalBytes = 0
  #keptBytes = 0

  constructor(totalFiles: number, tell: (progress: TransferProgress) => void = () => {}) {
    this.#totalFiles = totalFiles
    this.#tell = tell
  }

  /** A file that may turn out larger than was expected. */
  begin(size: number): FileCount {
    let [reached, kept, total] = [0, 0, size]
    this.#totalBytes += size
    const reach = (bytes: number) => {
      this.#bytes += bytes - reached
      reached = bytes
      // What is sent anew was not kept after all.
      this.#keptBytes += Math.min(kept, bytes) - kept
      kept = Math.min(kept, bytes)
      this.#totalBytes += Math.max(total, bytes) - total
      total = Math.max(total, bytes)
      this.#told()
    }
    return {
      reach,
      keep: bytes => {
        reach(bytes)
        this.#keptBytes += bytes - kept
        kept = bytes
      },
      finish: () => {
        this.#files += 1
        this.#told()
      },
    }
  }

  result(leftOut: number): Transferred {
    return { files: this.#files, bytes: this.#bytes, keptBytes: this.#keptBytes, leftOut }
  }

  #told(): void {
    const [files, totalFiles, bytes, totalBytes] = [this.#files, this.#totalFiles, this.#bytes, this.#totalBytes]
    this.#tell({ files, totalFiles, bytes, totalBytes })
  }
}
