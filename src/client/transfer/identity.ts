import type { BigIntStats } from 'node:fs'
import type { Metadata } from '../../protocol/filesystem-schemas.ts'

/** What changes whenever the contents of a file of this machine do, as far as its file system tells. */
export function localIdentity({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}

/** What changes whenever the contents of a file of the server do, as far as the protocol tells. */
export function remoteIdentity({ size, createdAtMs, modifiedAtMs }: Metadata): string {
  return [size, createdAtMs, modifiedAtMs].join(':')
}
