import type { TransferProgress } from '../../client/execgate-client.ts'
import type { ProgressBar } from '../progress-bar.ts'
import { shownBytes } from '../quantities.ts'

/** One file by its bytes, several by how many are done: how large the others are is not known. */
export function showProgress(bar: ProgressBar, progress: TransferProgress): void {
  const { files, totalFiles, bytes, totalBytes } = progress
  const share = totalFiles === 1 ? shareOf(bytes, totalBytes) : files / totalFiles
  const counted = totalFiles === 1 ? '' : `, ${files} of ${totalFiles} files`
  bar.show(share, `${shownBytes(bytes)}${counted}`)
}

/** Passes the bytes of a stream on and shows them. Without a size it is not known how far it is. */
export async function* counted(
  source: AsyncIterable<Uint8Array>,
  size: number | undefined,
  bar: ProgressBar,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of source) {
    yield chunk
    bytes += chunk.length
    bar.show(size === undefined ? 0 : shareOf(bytes, size), shownBytes(bytes))
  }
}

function shareOf(bytes: number, total: number): number {
  return total > 0 ? Math.min(bytes / total, 1) : 0
}
