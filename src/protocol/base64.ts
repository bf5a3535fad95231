/** Symbols that stand for three bytes. */
const groupLength = 4

/** Symbols that are text at a time: whole groups, and few enough for the young generation. */
const pieceLength = 48 * 1024

const minus = 0x2d
const pad = 0x3d
const underscore = 0x5f

/**
 * Decodes base64 strictly: RFC 4648 section 4 with the standard alphabet, canonical padding, no white space and no
 * stray bits in the last symbol. Returns the bytes, or the problem as a text of bounded length; bytes come back as they are.
 *
 * Node's own decoder skips foreign symbols, so whatever it skipped shows as missing bytes. Three leniencies leave the
 * length alone and are looked for: the URL-safe symbols, symbols beyond U+00FF, whose upper bits it drops, and stray
 * bits. Every look is a native search or constant work, so that megabytes decode at the pace of `Buffer.from`.
 */
export function decodeBase64(text: string | Buffer): Buffer | string {
  if (typeof text !== 'string') return text
  return canonicalBytes(text) ?? problemOf(text)
}

/** The same without a word about what is wrong. */
function canonicalBytes(text: string): Buffer | undefined {
  const end = text.slice(-groupLength)
  const padding = paddingOf(end)
  if (text.includes('-') || text.includes('_') || Buffer.byteLength(text) !== text.length) return undefined
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== (text.length / groupLength) * 3 - padding) return undefined
  return endsCanonically(bytes, padding, end) ? bytes : undefined
}

/**
 * The same for megabytes that have not become text yet. They never do as a whole, only in pieces that are young when they are
 * dropped: text of such a length is kept outside the heap, and collecting it takes a walk over all of it.
 */
export function canonicalBytesOf(symbols: Buffer): Buffer | undefined {
  if (symbols.length % groupLength !== 0 || symbols.includes(minus) || symbols.includes(underscore)) return undefined
  const end = symbols.toString('latin1', symbols.length - groupLength)
  const padding = paddingOf(end)
  const bytes = Buffer.allocUnsafe((symbols.length / groupLength) * 3 - padding)
  let length = 0
  for (let start = 0; start < symbols.length; start += pieceLength) {
    length += bytes.write(symbols.toString('latin1', start, start + pieceLength), length, 'base64')
  }
  // No piece makes more bytes than it should: one that makes fewer is missed at the end.
  return length === bytes.length && endsCanonically(bytes, padding, end) ? bytes : undefined
}

/** At most two: more are missing bytes. */
function paddingOf(end: string): number {
  return end.endsWith('==') ? 2 : end.endsWith('=') ? 1 : 0
}

/** Whether the last group is what its bytes are written as, without stray bits. */
function endsCanonically(bytes: Buffer, padding: number, end: string): boolean {
  return padding === 0 || bytes.toString('base64', bytes.length - (3 - padding)) === end
}

/**
 * Why a text that did not decode is refused, in the words of the reference's decoder, which works on bytes of UTF-8, four at a
 * time: a foreign last symbol behind whole groups of four, the first symbol before the last group that is none, then what is
 * wrong with that group.
 */
function problemOf(text: string): string {
  const input = Buffer.from(text)
  const rest = input.length % 4
  const last = input[input.length - 1] ?? pad
  if (rest === 1 && last !== pad && !isSymbol(last)) return foreign(last, input.length - 1)
  const start = Math.max(input.length - (rest === 0 ? 4 : rest), 0)
  // There may be megabytes before it.
  for (let offset = 0; offset < start; offset += 1) {
    const symbol = input[offset] ?? pad
    if (!isSymbol(symbol)) return foreign(symbol, offset)
  }
  return problemOfEnd(input.subarray(start), start)
}

function problemOfEnd(end: Buffer, start: number): string {
  const padding = end.indexOf(pad)
  const symbols = padding < 0 ? end.length : padding
  for (const [offset, symbol] of end.subarray(0, symbols).entries()) {
    if (!isSymbol(symbol)) return foreign(symbol, start + offset)
  }
  const isPaddedToTheEnd = end.subarray(symbols).every(symbol => symbol === pad)
  if (padding >= 0 && (padding < 2 || !isPaddedToTheEnd)) return foreign(pad, start + padding)
  if (symbols < 2) return `Invalid input length: ${start + symbols}`
  if (end.length % 4 !== 0) return 'Invalid padding'
  return `Invalid last symbol ${end[symbols - 1]}, offset ${start + symbols - 1}.`
}

function foreign(symbol: number, offset: number): string {
  return `Invalid symbol ${symbol}, offset ${offset}.`
}

function isSymbol(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || // a-z
    (code >= 0x41 && code <= 0x5a) || // A-Z
    (code >= 0x2f && code <= 0x39) || // / and 0-9
    code === 0x2b // +
  )
}
