/** A duration as the reference client prints it: `10s`, `1.5s`, `500ms`. */
export function durationText(ms: number): string {
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`
}
