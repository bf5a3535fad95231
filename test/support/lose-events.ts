import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Makes more events in a watched folder than the kernel keeps while nobody reads them: those of the rest of this turn are lost. */
export function loseEvents(folder: string): void {
  const queued = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
  // The same event twice in a row counts once.
  const files = ['one', 'other'].map(name => openSync(join(folder, name), 'w'))
  for (let count = 0; count <= queued; count++) writeSync(files[count % 2] ?? 0, 'x')
  for (const file of files) closeSync(file)
}
