import { GatewayError } from '../protocol/gateway-error.ts'
import { split } from './native-path.ts'
import { PinnedDirectory } from './pinned-directory.ts'

/** Where one operation takes place. */
export interface Place {
  /** For the operating system. */
  readonly path: Buffer
  /** As the caller named it. */
  readonly asked: Buffer
  readonly followsLinks: boolean
}

/** Good until it is disposed. */
export interface HeldPlace extends Place, AsyncDisposable {}

/**
 * The entry at a path. Where no link may be followed the directory that holds it is found component by component and held,
 * so that only the last step is left, which the caller takes without following either.
 * @throws when a component on the way is a link, or the path is the root: no entry of anything
 */
export async function placeOf(path: Buffer, followSymlinks: boolean): Promise<HeldPlace> {
  if (followSymlinks) return { path, asked: path, followsLinks: true, [Symbol.asyncDispose]: async () => {} }
  const entry = split(path)
  if (entry === undefined) throw new GatewayError('invalidRequest', 'path must name an entry')
  const parent = await PinnedDirectory.openParent(path)
  return {
    path: parent.at(entry.name),
    asked: path,
    followsLinks: false,
    [Symbol.asyncDispose]: () => parent[Symbol.asyncDispose](),
  }
}
