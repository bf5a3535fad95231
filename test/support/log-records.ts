/** What is logged, a record for each line. */
export function recordsOf(logged: string): Record<string, unknown>[] {
  return logged
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}
