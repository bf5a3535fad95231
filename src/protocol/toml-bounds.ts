/** Largest TOML file that is read: more than any takes. A device without end is given up there. */
export const maxTomlBytes = 1024 * 1024

/** More than any file takes, those in texts and comments included. */
const maxOpenBrackets = 200

/**
 * The text of a TOML file, fit for a parser, which goes one call deeper for each bracket.
 * @throws Error that says in a sentence that it is longer than 1 MiB, is not UTF-8 or nests without measure
 */
export function tomlTextOf(bytes: Uint8Array): string {
  if (bytes.length > maxTomlBytes) throw new Error(`it is longer than ${maxTomlBytes} bytes`)
  const text = decoded(bytes)
  refuseDeepNesting(text)
  return text
}

function refuseDeepNesting(text: string): void {
  let open = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(open - 1, 0)
    if (open > maxOpenBrackets) throw new Error(`it has more than ${maxOpenBrackets} brackets open at a time`)
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8 text')
  }
}
