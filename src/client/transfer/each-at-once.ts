/**
 * Does something with each item, several at a time. The first failure aborts what is under way, begins nothing more, and is thrown
 * once nothing is under way.
 */
export async function eachAtOnce<Item>(
  items: readonly Item[],
  { width, signal }: { readonly width: number; readonly signal: AbortSignal | undefined },
  act: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController()
  const failures: unknown[] = []
  const remaining = items.values()
  const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal])
  const work = async () => {
    for (const item of remaining) {
      try {
        either.throwIfAborted()
        await act(item, either)
      } catch (error) {
        failures.push(error)
        abort.abort(error)
        return
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work))
  if (failures.length > 0) throw failures[0]
}
