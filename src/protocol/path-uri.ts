import { childOf, fromPosixPath, opaquePath, plainPath, toPosixPath } from './posix-path.ts'

/** Operating systems by the names they have on the wire. */
export type HostOs = 'linux' | 'macos' | 'windows'

/** Why a text is not a PathUri, or a PathUri not a path of the host. */
export interface PathProblem {
  readonly problem: string
}

/** What a problem repeats of a refused text: a scheme worth showing, a URI of the longest path the kernel takes. */
const shownSchemeCharacters = 32
const shownUriCharacters = 16_384

/**
 * An absolute path as a `file:` URL, section "Paths" of docs/protocol.md. It may name a path of a host with other
 * conventions than ours: only `toNative` decides that.
 */
export class PathUri {
  /** The one spelling peers compare, print and send. Always ASCII, and parses to itself. */
  readonly canonical: string

  private constructor(canonical: string) {
    this.canonical = canonical
  }

  /**
   * Reads a text from the wire by the WHATWG URL rules without a base. Queries and fragments are refused even when
   * empty, and so are encoded NULs outside the opaque form. Never throws.
   */
  static parse(text: string): PathUri | PathProblem {
    if (plainPath(text) !== undefined) return new PathUri(text)
    const url = parseUrl(text)
    if (url === null) return { problem: `invalid URI: ${unparsableBecause(text)}` }
    const scheme = url.protocol.slice(0, -1)
    if (scheme !== 'file') {
      return { problem: `unsupported path URI scheme \`${scheme.slice(0, shownSchemeCharacters)}\`` }
    }
    // `search` and `hash` are empty strings for a bare `?` or `#` too.
    const delimiter = /[?#]/.exec(url.href)?.[0]
    if (delimiter === '?') return { problem: 'query parameters are not allowed in path URIs' }
    if (delimiter === '#') return { problem: 'fragments are not allowed in path URIs' }

    const uri = new PathUri(`file://${url.host}${canonicalPath(url.pathname, text)}`)
    const namesNul = uri.canonical.includes('%00')
    return namesNul && opaquePath(uri.canonical) === undefined ? uri.invalidOn(hostOs(process.platform)) : uri
  }

  /**
   * The URI of an absolute POSIX path, which is normalised lexically first. A path with a NUL, which no URI can
   * spell, takes the opaque form.
   * @throws TypeError when the path is relative
   */
  static fromNative(path: Buffer | string): PathUri {
    return new PathUri(fromPosixPath(typeof path === 'string' ? Buffer.from(path) : path))
  }

  /**
   * The URI of an entry of this directory.
   * @param name on a POSIX host, neither `.` nor `..`; a string has one byte in each character
   */
  child(name: Buffer | string): PathUri {
    return new PathUri(childOf(this.canonical, typeof name === 'string' ? name : name.toString('latin1')))
  }

  /**
   * The bytes of the path on a POSIX host, without dot segments, doubled or trailing slashes; symbolic links are not
   * looked at, nor whether the path exists. An authority or a drive letter makes a path of Windows, and Windows is
   * no host of ours: both are problems.
   */
  toNative(os: HostOs): Buffer | PathProblem {
    if (os === 'windows') return this.invalidOn(os)
    const plain = plainPath(this.canonical)
    const path = plain === undefined ? toPosixPath(this.canonical) : Buffer.from(plain, 'latin1')
    return path ?? this.invalidOn(os)
  }

  /** For messages: its beginning when it is longer than any path can be. */
  get shown(): string {
    const shown = this.canonical.slice(0, shownUriCharacters)
    return shown === this.canonical ? shown : `${shown}…`
  }

  toString(): string {
    return this.canonical
  }

  toJSON(): string {
    return this.canonical
  }

  private invalidOn(os: HostOs): PathProblem {
    return { problem: `'${this.shown}' is invalid on '${os}'` }
  }
}

/** The wire name of a Node platform. Everything that is neither macOS nor Windows counts as Linux. */
export function hostOs(platform: NodeJS.Platform): HostOs {
  if (platform === 'darwin') return 'macos'
  return platform === 'win32' ? 'windows' : 'linux'
}

/**
 * Node's parser escapes `^`, the protocol does not but keeps a `%5E` as spelled. With a `^` about, one more level of
 * escaping is put on every `%5E`, so that those of the parser can be told from those of the text.
 */
function parseUrl(text: string): URL | null {
  if (!text.includes('^')) return URL.parse(text)
  return URL.parse(withoutBreaks(text).replace(/%(?=(?:25)*5e)/gi, '%25'))
}

/**
 * Undoes what `parseUrl` did, collapses leading slashes, and spells a drive that they hid from the parser. No function is called for a
 * match: there may be millions of them.
 */
function canonicalPath(pathname: string, text: string): string {
  const spelled = text.includes('^') ? pathname.replace(/%5e/gi, '^').replace(/%25(?=(?:25)*5e)/gi, '%') : pathname
  return spelled.replace(/^\/+/, '/').replace(/^\/([a-z])\|(?=\/|$)/i, '/$1:')
}

/** URLs ignore tabs and line breaks wherever they are. */
function withoutBreaks(text: string): string {
  return text.replace(/[\t\n\r]/g, '')
}

/** What the parser did not like. For a `file:` URL that can only be its authority. */
function unparsableBecause(text: string): string {
  const authority = /^\s*[a-z][a-z\d+.-]*:(?:[/\\]{2}([^/\\?#]*))?/i.exec(withoutBreaks(text))
  if (authority === null) return 'relative URL without a base'
  if (authority[1]?.includes('@') === true) return 'credentials are not allowed in path URIs'
  if (/:\d*$/.test(authority[1] ?? '')) return 'ports are not allowed in path URIs'
  return 'invalid host'
}
