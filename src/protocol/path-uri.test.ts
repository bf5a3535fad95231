import { posix } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { processorTimeOf } from '../../test/support/processor-time.ts'
import { hostOs, PathUri } from './path-uri.ts'

const here = hostOs(process.platform)

function canonical(text: string): string {
  const parsed = PathUri.parse(text)
  return parsed instanceof PathUri ? parsed.canonical : `refused: ${parsed.problem}`
}

function native(text: string): string {
  const parsed = PathUri.parse(text)
  if (!(parsed instanceof PathUri)) return `refused: ${parsed.problem}`
  const path = parsed.toNative('linux')
  return Buffer.isBuffer(path) ? path.toString('latin1') : `refused: ${path.problem}`
}

/** Lexical normalisation by rewriting, one rule at a time, until none applies. */
function resolved(path: string): string {
  const next = path
    .replace(/\/\/+/gs, '/')
    .replace(/\/\.(?=\/|$)/s, '')
    .replace(/^\/\.\.(?=\/|$)/s, '')
    .replace(/\/(?!\.\.?(?:\/|$))[^/]+\/\.\.(?=\/|$)/s, '')
    .replace(/(.)\/$/s, '$1')
  if (next === path) return path === '' ? '/' : path
  return resolved(next)
}

/** Segments of a path, plain ones most of the time. */
const segments = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.stringMatching(/^[.A-Za-z0-9_~-]{1,6}$/) },
    fc.constantFrom('', '.', '..', '%41', '%2F', 'a b', 'C:', 'ä', '^', '%00', '?', '#', '|'),
  ),
  { minLength: 1, maxLength: 4 },
)

it('reads a plain spelling as any other one of the same path', () => {
  fc.assert(
    fc.property(segments, parts => {
      const text = `file:///${parts.join('/')}`
      const plain = PathUri.parse(text)
      // A tab is ignored by URLs, and hides the plain spelling.
      const other = PathUri.parse(text.replace('file', 'fi\tle'))
      expect(plain).toEqual(other)
      if (!(plain instanceof PathUri) || !(other instanceof PathUri)) return
      const normal = `/${plain.canonical.slice('file:///'.length)}`
      expect(plain.toNative('linux')).toEqual(other.toNative('linux'))
      if (/^[\w/.~-]*$/.test(normal)) {
        expect(plain.toNative('linux')).toEqual(Buffer.from(posix.normalize(normal).replace(/(.)\/+$/, '$1')))
      }
    }),
    { numRuns: 2000 },
  )
})

it.each([
  ['file:///', '/'],
  ['file:///a', '/a'],
  ['file:///.config/x-1/~y_2.tar.gz', '/.config/x-1/~y_2.tar.gz'],
])('reads %s without the parser of URLs', (text, path) => {
  using parse = vi.spyOn(URL, 'parse')
  expect([canonical(text), native(text)]).toEqual([text, path])
  expect(parse).not.toHaveBeenCalled()
})

describe('parsing a PathUri', () => {
  it.each([
    ['FILE:///x', 'file:///x'],
    ['file:/x', 'file:///x'],
    ['file:x/y', 'file:///x/y'],
    ['file:', 'file:///'],
    ['file://', 'file:///'],
    ['file:////', 'file:///'],
    ['file://LOCALHOST/x', 'file:///x'],
    ['file://server/share/x', 'file://server/share/x'],
    ['file:\\\\server\\share', 'file://server/share'],
    ['file://10.0.0.1/x', 'file://10.0.0.1/x'],
    ['file://[::1]/x', 'file://[::1]/x'],
    ['file:////tmp', 'file:///tmp'],
    ['file://localhost///tmp', 'file:///tmp'],
    ['file:///a//b/', 'file:///a//b/'],
    ['file:///a/./b/../c', 'file:///a/c'],
    ['file:///a/%2e%2E/b', 'file:///b'],
    ['file:///..//x', 'file:///x'],
    ['file:///a\\b', 'file:///a/b'],
    [' file:///a\tb\r\nc\0', 'file:///abc'],
    ['file:///%2f%25%ff%41%252F%zz', 'file:///%2f%25%ff%41%252F%zz'],
    ['file:///a b"<>`{}\x7f\u00e9', 'file:///a%20b%22%3C%3E%60%7B%7D%7F%C3%A9'],
    ["file:///~!$&'()*+,;=:@[]|-_.", "file:///~!$&'()*+,;=:@[]|-_."],
    ['file:///C|/x', 'file:///C:/x'],
    ['file://C|/x', 'file:///C:/x'],
    ['file:////c|', 'file:///c:'],
    ['file:///C:/../..', 'file:///C:/'],
    ['file:///x/C|/y', 'file:///x/C|/y'],
  ])('spells %j as %s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
  })

  it.each([
    ['file:///a^b', 'file:///a^b'],
    ['file:///%5E%5e^', 'file:///%5E%5e^'],
    ['file:///^%255E%25255e', 'file:///^%255E%25255e'],
    ['file:///^%\t5E', 'file:///^%5E'],
    ['file:///a%5Eb', 'file:///a%5Eb'],
  ])('keeps a caret and its escapes apart in %j', (text, expected) => {
    expect(canonical(text)).toBe(expected)
  })

  it.each([
    ['/tmp', 'invalid URI: relative URL without a base'],
    ['', 'invalid URI: relative URL without a base'],
    ['//server/share', 'invalid URI: relative URL without a base'],
    ['tmp/a:b', 'invalid URI: relative URL without a base'],
    ['C:\\x', 'unsupported path URI scheme `c`'],
    ['HTTP://host/x', 'unsupported path URI scheme `http`'],
    [`${'s'.repeat(1000)}:x`, `unsupported path URI scheme \`${'s'.repeat(32)}\``],
    ['file://user@host/x', 'invalid URI: credentials are not allowed in path URIs'],
    ['file://host:80/x', 'invalid URI: ports are not allowed in path URIs'],
    ['file://a b/x', 'invalid URI: invalid host'],
    ['file://a^b/x', 'invalid URI: invalid host'],
    ['file://a%5Eb/^', 'invalid URI: invalid host'],
    ['file:///a?', 'query parameters are not allowed in path URIs'],
    ['file:///a?b#c', 'query parameters are not allowed in path URIs'],
    ['file:///a#', 'fragments are not allowed in path URIs'],
    ['file:///a#b?c', 'fragments are not allowed in path URIs'],
    ['file:///a%00b', `'file:///a%00b' is invalid on '${here}'`],
    ['file:///a\0b', `'file:///a%00b' is invalid on '${here}'`],
    ['file:///%00/bad/path/', `'file:///%00/bad/path/' is invalid on '${here}'`],
    ['file:///%00/bad/path/L2EAYg==', `'file:///%00/bad/path/L2EAYg==' is invalid on '${here}'`],
    ['file:///%00/bad/path/L2EAYh', `'file:///%00/bad/path/L2EAYh' is invalid on '${here}'`],
    ['file:///%00/bad/path/L2EAYg/x', `'file:///%00/bad/path/L2EAYg/x' is invalid on '${here}'`],
    ['file://server/%00/bad/path/L2EAYg', `'file://server/%00/bad/path/L2EAYg' is invalid on '${here}'`],
  ])('refuses %j', (text, problem) => {
    expect(PathUri.parse(text)).toEqual({ problem })
  })

  it('cuts a URI that is longer than any path of the system short in its problem', () => {
    const { problem } = PathUri.parse(`file:///%00${'a'.repeat(1_000_000)}`) as { problem: string }
    expect(problem.length).toBeLessThan(17_000)
    expect(problem).toMatch(/^'file:\/\/\/%00a+…' is invalid on '/)
  })

  it.each([
    ['of characters to escape', `file:///${'é'.repeat(1_000_000)}`],
    ['of escapes', `file:///${'%41'.repeat(1_000_000)}`],
    [
      'of which the native form is told',
      `file:///%00/bad/path/${Buffer.from(`/${'é'.repeat(1_000_000)}`).toString('base64url')}`,
    ],
  ])('costs no more than some times what the parser of URLs does, for megabytes %s', (_what, text) => {
    const parsing = processorTimeOf(() => URL.parse(text))
    const converting = processorTimeOf(() => {
      const uri = PathUri.parse(text)
      if (uri instanceof PathUri) uri.toNative('linux')
    })
    expect(converting).toBeLessThan(20 * parsing)
  })

  it('never throws, and its result parses to itself', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '\\',
        '.',
        '..',
        '%2e',
        '^',
        '%5E',
        '%5e',
        '%255E',
        '%25',
        '%',
        '%00',
        'C:',
        'd|',
        ':',
      ),
      fc.constantFrom('localhost', 'server', '@', '?', '#', ' ', '\t', '\n', '\0', '%2F', '%C3', '\ud800', 'a', '%zz'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    const start = fc.constantFrom('', 'file:', 'FILE:', 'file:/', 'file://', 'file:///', 'file:////', 'file://h/', 'x:')
    fc.assert(
      fc.property(start, fc.array(piece, { maxLength: 9 }), (prefix, pieces) => {
        const parsed = PathUri.parse(prefix + pieces.join(''))
        if (!(parsed instanceof PathUri)) return
        expect(parsed.canonical).toMatch(/^file:\/\/[!-~]*$/)
        expect(canonical(parsed.canonical)).toBe(parsed.canonical)
        parsed.toNative('linux')
      }),
      { numRuns: 20_000 },
    )
  })
})

describe('the native path of a PathUri', () => {
  it.each([
    ['file:///', '/'],
    ['file:///tmp/', '/tmp'],
    ['file:///a//b', '/a/b'],
    ['file:///tmp/%FF', '/tmp/\xff'],
    ['file:///a%2Fb', '/a/b'],
    ['file:///tmp/a%2F..%2Fb', '/tmp/b'],
    ['file:///..%2f..%2fetc', '/etc'],
    ['file:///%252F', '/%2F'],
    ['file:///a%zz%4', '/a%zz%4'],
    ['file:///a%5Cb', '/a\\b'],
    ['file:///C%3A/x', '/C:/x'],
    ['file:///x/C:', '/x/C:'],
  ])('of %s is %j', (text, expected) => {
    expect(native(text)).toBe(expected)
  })

  it.each(['file:///C:/app', 'file:///C|', 'file:///z:', 'file://server/share', 'file:////C:/x'])(
    'does not exist for %s of Windows',
    text => {
      expect(native(text)).toBe(`refused: '${canonical(text)}' is invalid on 'linux'`)
    },
  )

  it('carries the name of the host in its problem', () => {
    const drive = PathUri.parse('file:///C:/app') as PathUri
    expect(drive.toNative('macos')).toEqual({ problem: "'file:///C:/app' is invalid on 'macos'" })
    const usr = PathUri.fromNative('/usr')
    expect(usr.toNative('windows')).toEqual({ problem: "'file:///usr' is invalid on 'windows'" })
  })

  it('of an opaque URI is its payload, when that is what the URI of the path would be', () => {
    const opaque = (path: string): string => `file:///%00/bad/path/${Buffer.from(path, 'latin1').toString('base64url')}`
    expect(native(opaque('/a\0\xff'))).toBe('/a\0\xff')
    for (const path of ['/plain', '/a\0/../b', 'a\0b', 'C\0:\0\\\0']) {
      expect(native(opaque(path)), path).toBe(`refused: '${opaque(path)}' is invalid on 'linux'`)
    }
  })
})

describe('the PathUri of a native path', () => {
  it.each([
    ['/', 'file:///'],
    ['/a/./b/../c//d/', 'file:///a/c/d'],
    ['/../..', 'file:///'],
    ['/a b"#%<>?`{}\\', 'file:///a%20b%22%23%25%3C%3E%3F%60%7B%7D%5C'],
    ['/\x01\n\x7f\u00e9', 'file:///%01%0A%7F%C3%A9'],
    ["/~!$&'()*+,;=:@[]^|-_.", "file:///~!$&'()*+,;=:@[]^|-_."],
    ['/C:/x', 'file:///C%3A/x'],
    ['/c|', 'file:///c%7C'],
    ['/C:x', 'file:///C:x'],
    ['/a\0b', 'file:///%00/bad/path/L2EAYg'],
  ])('of %j is %s', (path, expected) => {
    expect(PathUri.fromNative(path).canonical).toBe(expected)
  })

  it('reads back as the normalised path, whatever its bytes', () => {
    const component = fc.oneof(
      fc.constantFrom('', '.', '..', 'C:', 'c|', '%2e', '%2F', '%00', '^', '%5E', '\\', 'a'),
      fc.uint8Array({ maxLength: 4 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    )
    fc.assert(
      fc.property(fc.array(component, { maxLength: 6 }), components => {
        const path = `/${components.join('/')}`
        const uri = PathUri.fromNative(Buffer.from(path, 'latin1'))
        expect(canonical(uri.canonical)).toBe(uri.canonical)
        expect(native(uri.canonical)).toBe(resolved(path))
      }),
      { numRuns: 20_000 },
    )
  })

  it('asks for an absolute path', () => {
    expect(() => PathUri.fromNative('tmp')).toThrow(TypeError)
    expect(() => PathUri.fromNative('')).toThrow(TypeError)
  })

  it('is its text in strings and in JSON', () => {
    const uri = PathUri.fromNative('/tmp')
    expect(uri.toString()).toBe('file:///tmp')
    expect(JSON.stringify({ uri })).toBe('{"uri":"file:///tmp"}')
  })
})

describe('the URI of an entry', () => {
  const entry = (directory: string, name: string) => {
    const parsed = PathUri.parse(directory)
    if (!(parsed instanceof PathUri)) throw new Error(parsed.problem)
    return parsed.child(Buffer.from(name, 'latin1'))
  }

  it.each([
    ['file:///srv', 'a', 'file:///srv/a'],
    ['file:///srv/', 'a', 'file:///srv/a'],
    ['file:///', 'a', 'file:///a'],
    ['file:///', 'C:', 'file:///C%3A'],
    ['file:///%7Eme', '~', 'file:///%7Eme/~'],
    ['file:///srv', '50% #?', 'file:///srv/50%25%20%23%3F'],
    ['file:///srv', '\xff\t', 'file:///srv/%FF%09'],
  ])('%s, %s', (directory, name, expected) => {
    expect(entry(directory, name).canonical).toBe(expected)
  })

  it('reads back as the path of the directory and the name', () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 6 })
      .map(bytes => Buffer.from(bytes).toString('latin1'))
      .filter(text => !/[/\0]/.test(text) && text !== '.' && text !== '..')
    fc.assert(
      fc.property(name, text => {
        expect(entry('file:///srv/x', text).toNative('linux')).toEqual(Buffer.from(`/srv/x/${text}`, 'latin1'))
        expect(entry('file:///', text).toNative('linux')).toEqual(Buffer.from(`/${text}`, 'latin1'))
      }),
    )
  })
})

it('names the platforms of Node as the wire does', () => {
  expect((['linux', 'darwin', 'win32', 'freebsd'] as const).map(hostOs)).toEqual(['linux', 'macos', 'windows', 'linux'])
})
