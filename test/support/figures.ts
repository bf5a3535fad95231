const megabyte = 1e6

/** One line about what was measured, whether or not it is within its bound, for the pages that keep such figures. */
export function printFigures(about: string, figures: Readonly<Record<string, string>>): void {
  const all = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
  process.stdout.write(`${about}: ${all.join(', ')}\n`)
}

export function megabytes(bytes: number): string {
  return `${(bytes / megabyte).toFixed(1)} MB`
}
