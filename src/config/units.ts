const millisecondsPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const bytesPerUnit = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/**
 * Reads `500ms`, `80s`, `2m` or `1h`: a whole number and its unit, nothing between. A number without a unit is no
 * duration, because readers disagree whether it means seconds or milliseconds.
 */
export function parseDurationMs(text: string): number | undefined {
  return parseQuantity(text, /^(?<amount>\d+)(?<unit>ms|s|m|h)$/, millisecondsPerUnit)
}

/** Reads `64KiB`, `8MiB`, `1GiB` or plain bytes. Decimal units such as `MB` are no sizes here: their meaning varies. */
export function parseBytes(text: string): number | undefined {
  return parseCount(text) ?? parseQuantity(text, /^(?<amount>\d+)(?<unit>KiB|MiB|GiB)$/, bytesPerUnit)
}

/** Reads a whole number in decimal digits. */
export function parseCount(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

function parseQuantity(text: string, pattern: RegExp, factors: Readonly<Record<string, number>>): number | undefined {
  const { amount = '', unit = '' } = pattern.exec(text)?.groups ?? {}
  const factor = factors[unit]
  return factor === undefined ? undefined : Number(amount) * factor
}
