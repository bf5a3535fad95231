const percent = 0x25

/**
 * What a text of bytes stands for, one byte in each character; `%` without two hexadecimal digits stands for itself. In place, and
 * without a call for each escape: there may be millions of them.
 */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text
  const bytes = Buffer.from(text, 'latin1')
  let length = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    const value = byte === percent ? hexValue(bytes[at + 1]) * 16 + hexValue(bytes[at + 2]) : Number.NaN
    const isEscape = !Number.isNaN(value)
    bytes[length] = isEscape ? value : byte
    length += 1
    if (isEscape) at += 2
  }
  return bytes.toString('latin1', 0, length)
}

/** Of a hexadecimal digit; NaN for anything else. */
function hexValue(code: number | undefined): number {
  if (code === undefined) return Number.NaN
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN
}
