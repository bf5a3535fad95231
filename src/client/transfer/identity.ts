import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Metadata } from '../../protocol/filesystem-schemas.ts'

/** What changes whenever the contents of a file of this machine do, as far as its file system tells. */
export function localIdentity({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}

/** The identity of an open file of this machine as it is now. */
export async function identityOf(file: FileHandle): Promise<string> {
  return localIdentity(await file.stat({ bigint: true }))
}

/** What changes whenever the contents of a file of the server do, as far as the protocol tells. */
export function remoteIdentity({ size, createdAtMs, modifiedAtMs }: Metadata): string {
  return [size, createdAtMs, modifiedAtMs].join(':')
}
