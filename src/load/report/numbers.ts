/** Three significant digits, or all there are before the point: 0.123 ms, 12.3 ms, 1234 ms. */
export function inMs(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : `${short(ms)} ms`
}

export function inShort(value: number): string {
  return short(value)
}

/** -0.251 as −25.1 %. */
export function inPercent(change: number): string {
  const sign = change < 0 ? '−' : '+'
  return `${sign}${Math.abs(change * 100).toFixed(1)} %`
}

function short(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toFixed(Math.min(digits, 3))
}
