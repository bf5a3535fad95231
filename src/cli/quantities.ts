const bytesOfUnits = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const

const secondsOfUnits = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const

/** `512 B`, `1.5 MiB`: one digit after the point from a KiB on. */
export function shownBytes(bytes: number): string {
  const fitting = bytesOfUnits.find(([, size]) => bytes >= size)
  return fitting === undefined ? `${bytes} B` : `${(bytes / fitting[1]).toFixed(1)} ${fitting[0]}`
}

/** `59s`, `3m`, `2h`, `5d`: whole units, rounded down. */
export function shownAge(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const fitting = secondsOfUnits.find(([, size]) => seconds >= size)
  return fitting === undefined ? `${seconds}s` : `${Math.floor(seconds / fitting[1])}${fitting[0]}`
}
