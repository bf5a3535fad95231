/** Absolute paths of the host as bytes, normalised: names need not be UTF-8, and no text ever stands for one. */

const slash = Buffer.from('/')

/** The path of an entry of a directory. */
export function join(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat(isRoot(directory) ? [slash, name] : [directory, slash, name])
}

export function isRoot(path: Buffer): boolean {
  return path.length === 1
}

/** The names on the way from the root, the last one included. Empty for the root. */
export function namesOf(path: Buffer): Buffer[] {
  const names: Buffer[] = []
  for (let start = 1; start < path.length;) {
    const next = path.indexOf(0x2f, start)
    const end = next < 0 ? path.length : next
    names.push(path.subarray(start, end))
    start = end + 1
  }
  return names
}

/** The path from the root by these names. */
export function pathOf(names: readonly Buffer[]): Buffer {
  return names.length === 0 ? slash : Buffer.concat(names.flatMap(name => [slash, name]))
}

/** Directory and name of an entry. The root has none. */
export function split(path: Buffer): { readonly parent: Buffer; readonly name: Buffer } | undefined {
  if (isRoot(path)) return undefined
  const at = path.lastIndexOf(0x2f)
  return { parent: at === 0 ? slash : path.subarray(0, at), name: path.subarray(at + 1) }
}

/** Whether the path is the directory itself or something below it. */
export function isWithin(path: Buffer, directory: Buffer): boolean {
  if (isRoot(directory)) return true
  if (path.length < directory.length || directory.compare(path, 0, directory.length) !== 0) return false
  return path.length === directory.length || path[directory.length] === 0x2f
}

/** For a person: bytes that are not UTF-8 show as U+FFFD. */
export function shown(path: Buffer): string {
  return path.toString()
}
