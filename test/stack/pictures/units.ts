/** Where the axis of values up to `max` ends, and how far apart its marks are. */
export function axisOf(max: number, unit: string): { readonly end: number; readonly step: number } {
  if (max <= 0) return { end: 1, step: 0.25 }
  const rough = max / 4
  const step = unit === 'bytes' || unit === 'Bps' ? 2 ** Math.ceil(Math.log2(rough)) : roundedUp(rough)
  return { end: step * Math.ceil(max / step), step }
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 2.5, 5, 10].find(factor => factor * power >= value) ?? 10)
}

/** A value with its unit as Grafana writes it. */
export function withUnit(value: number, unit: string): string {
  switch (unit) {
    case 's':
      return scaled(value, [
        [86_400, 'd'],
        [3600, 'h'],
        [60, 'min'],
        [1, 's'],
        [1e-3, 'ms'],
        [1e-6, 'µs'],
      ])
    case 'bytes':
      return scaled(value, binary)
    case 'Bps':
      return `${scaled(value, binary)}/s`
    case 'ops':
    case 'reqps':
      return `${digits(value)}/s`
    case 'percentunit':
      return `${digits(value * 100)} %`
    default:
      return scaled(value, [
        [1e6, 'M'],
        [1e3, 'k'],
        [1, ''],
      ])
  }
}

const binary: readonly (readonly [number, string])[] = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
]

function scaled(value: number, steps: readonly (readonly [number, string])[]): string {
  const step = steps.find(([size]) => Math.abs(value) >= size) ?? (value === 0 ? undefined : steps.at(-1))
  const [size, name] = step ?? [1, steps.find(([least]) => least === 1)?.[1] ?? '']
  return `${digits(value / size)} ${name}`.trim()
}

/** Three significant digits. */
function digits(value: number): string {
  return Number(value.toPrecision(3)).toString()
}
