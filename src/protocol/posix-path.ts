import { unescaped } from './percent-escapes.ts'

/**
 * POSIX paths and their spelling as `file:` URLs. Paths are arbitrary bytes; in here a string holds one byte in each
 * character, so that nothing is lost where a path is no UTF-8.
 */

/** Paths no URL can spell: the URL-safe base64 of their native form follows. */
const opaquePrefix = 'file:///%00/bad/path/'

const slash = 0x2f

/** Everything but the printable ASCII a URL path holds as it is. `/` stays, because whole paths are escaped. */
const escapedBytes = /[^!$&-;=@-[\]-_a-z|~]/g

/** A URL path that starts like this is taken for one of Windows. */
const leadingDrive = /^\/([A-Za-z])([:|])(?=\/|$)/

const mayStartLikeDrive = /^file:\/\/\/[A-Za-z]?(?:[:|]|$)/

/** Of a longer text a regular expression may take more memory than there is for it. */
const maxPlainLength = 4096

/** The spelling of nearly every path there is. */
const plainUri = /^file:\/\/(?:\/|(?:\/\.?[A-Za-z0-9_~-][A-Za-z0-9_~.-]*)+)$/

/**
 * Spells an absolute path as a canonical URI.
 * @throws TypeError when the path is relative
 */
export function fromPosixPath(path: Buffer): string {
  const raw = path.toString('latin1')
  if (!raw.startsWith('/')) throw new TypeError('A path that becomes a URI must be absolute.')
  const normal = normalised(raw)
  if (normal.includes('\0')) return opaquePrefix + Buffer.from(normal, 'latin1').toString('base64url')
  return `file://${normal.replace(escapedBytes, escaped).replace(leadingDrive, escapedDrive)}`
}

/**
 * The URI of an entry below the one of a directory, which is spelled on as it is.
 * @param name one byte in each character
 */
export function childOf(canonical: string, name: string): string {
  const spelled = name.replace(escapedBytes, escaped)
  if (!mayStartLikeDrive.test(canonical) && !canonical.endsWith('/')) return `${canonical}/${spelled}`
  const path = `${canonical.slice('file://'.length).replace(/\/$/, '')}/${spelled}`
  return `file://${path.replace(leadingDrive, escapedDrive)}`
}

/** The path of a URI that spells it as it is, without an escape, an empty segment or one of dots; else undefined. */
export function plainPath(text: string): string | undefined {
  return text.length <= maxPlainLength && plainUri.test(text) ? text.slice('file://'.length) : undefined
}

/** The path a canonical URI names, or undefined when it names one of another convention or none. */
export function toPosixPath(canonical: string): Buffer | undefined {
  const opaque = opaquePath(canonical)
  if (opaque !== undefined) {
    // Without a NUL it would have been spelled, which takes long to find out.
    return opaque[0] === slash && opaque.includes(0) && fromPosixPath(opaque) === canonical ? opaque : undefined
  }
  if (!canonical.startsWith('file:///')) return undefined
  const path = canonical.slice('file://'.length)
  if (leadingDrive.test(path)) return undefined
  return Buffer.from(normalised(unescaped(path)), 'latin1')
}

/** The native form that an opaque URI carries, or undefined for every other URI. */
export function opaquePath(canonical: string): Buffer | undefined {
  if (!canonical.startsWith(opaquePrefix)) return undefined
  const payload = canonical.slice(opaquePrefix.length)
  const path = Buffer.from(payload, 'base64url')
  return path.length > 0 && path.toString('base64url') === payload ? path : undefined
}

/** Drops empty and `.` segments, resolves `..` without looking at the disk. */
function normalised(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

function escaped(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** A directory of ours that is named like a drive, told apart by the escape. */
function escapedDrive(_drive: string, letter: string, mark: string): string {
  return `/${letter}${escaped(mark)}`
}
