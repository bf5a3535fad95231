/** Levels a filter of the Rust `tracing` ecosystem may name, and the level of ours that comes nearest. */
const levels = new Map([
  ['off', 'fatal'],
  ['error', 'error'],
  ['warn', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
  ['trace', 'trace'],
])

/**
 * The level a `RUST_LOG` text asks for when it is nothing but a level, in any case. Filters by module have no meaning
 * here and are `undefined`.
 */
export function levelOfRustLog(text: string): string | undefined {
  return levels.get(text.trim().toLowerCase())
}
