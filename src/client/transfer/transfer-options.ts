/** A path of this machine. Bytes for a name that is no UTF-8. */
export type LocalPath = string | Buffer | URL

/** How far a transfer is. */
export interface TransferProgress {
  readonly files: number
  readonly totalFiles: number
  /** Bytes in place, those of an earlier run included. */
  readonly bytes: number
  /** Of the files that have been begun. */
  readonly totalBytes: number
}

export interface TransferOptions {
  /** Told whenever something is in place. */
  readonly progress?: (progress: TransferProgress) => void
  /**
   * A file of this machine that records how far the transfer is, and is removed when it is complete. The same transfer with the same
   * journal goes on where an earlier one was cut. Default: none; a transfer that fails starts anew.
   */
  readonly journal?: string
  /** Files at the same time. Default 4; 1 to 64. */
  readonly concurrency?: number
  /** Gives the transfer up. What is in place by then stays. */
  readonly signal?: AbortSignal
}

/** How a transfer went. */
export interface Transferred {
  readonly files: number
  readonly bytes: number
  /** Bytes that an earlier run had put in place. */
  readonly keptBytes: number
  /** Links, sockets and the like, which the protocol cannot carry. A link that leads nowhere is not seen at a server. */
  readonly leftOut: number
}
