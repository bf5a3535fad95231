import { constants } from 'node:os'
import type { Metadata } from '../../protocol/filesystem-schemas.ts'
import { GatewayError } from '../../protocol/gateway-error.ts'
import { osErrorText } from '../../protocol/os-error-text.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import type { FileCalls } from '../file-handle.ts'
import { partialName } from './transfer-run.ts'

/** A file of the server by the path that leads to it without links, and what is there. */
export interface RemotePlace {
  readonly uri: string
  readonly metadata: Metadata | undefined
}

/** Follows links: what is written beside a file has to be in its own folder, and must not be copied as a link. */
export async function remotePlace(calls: FileCalls, uri: string, signal: AbortSignal): Promise<RemotePlace> {
  const options = { repeats: true, signal }
  try {
    const { path } = await calls.call('fs/canonicalize', { path: uri }, options)
    return { uri: path, metadata: await calls.call('fs/getMetadata', { path }, options) }
  } catch (error) {
    if (!isMissing(error)) throw error
    return { uri, metadata: undefined }
  }
}

/** @returns undefined when nothing is there */
export async function metadataIfAny(calls: FileCalls, uri: string, signal: AbortSignal): Promise<Metadata | undefined> {
  try {
    return await calls.call('fs/getMetadata', { path: uri }, { repeats: true, signal })
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** A place for a part of a file, in the same folder. */
export function partialBeside(uri: string, id: string): string {
  const parsed = PathUri.parse(uri)
  if (!(parsed instanceof PathUri)) throw new GatewayError('invalidParams', parsed.problem)
  const { canonical } = parsed
  return `${canonical.slice(0, canonical.lastIndexOf('/') + 1)}${partialName(id)}`
}

/** In the background, as far as it goes: what is left behind is in nobody's way. */
export async function removeQuietly(calls: FileCalls, uris: Iterable<string>): Promise<void> {
  const remove = (path: string) =>
    calls.call('fs/remove', { path, recursive: false, force: true }, { repeats: true, waits: false })
  await Promise.allSettled(Array.from(uris, remove))
}

const denials = ['EACCES', 'EPERM', 'EROFS'] as const

/** Whether the server may not write there, other than for want of room or a failing disk. Not every server names the error. */
export function isDenied(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return false
  const { data, message } = error
  if (data?.errno !== undefined) return denials.some(name => name === data.errno)
  return denials.some(name => message.endsWith(osErrorText(constants.errno[name])))
}

function isMissing(error: unknown): boolean {
  return error instanceof GatewayError && error.kind === 'notFound'
}
