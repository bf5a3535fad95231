import { expect, it } from 'vitest'
import { ProgressBar } from '../progress-bar.ts'
import { counted, showProgress } from './copy-progress.ts'

function stage() {
  const shown: string[] = []
  const terminal = {
    isTTY: true,
    write: (text: string | Uint8Array) => {
      shown.push(String(text).replace(/^.*[█░]+/s, ''))
      return true
    },
  }
  return { shown, bar: new ProgressBar(terminal) }
}

it('shows one file by its bytes and several by their number', () => {
  const { shown, bar } = stage()
  showProgress(bar, { files: 0, totalFiles: 1, bytes: 1024, totalBytes: 4096 })
  showProgress(bar, { files: 1, totalFiles: 4, bytes: 4096, totalBytes: 4096 })
  showProgress(bar, { files: 1, totalFiles: 1, bytes: 0, totalBytes: 0 })
  expect(shown).toEqual(['  25 % 1.0 KiB', '  25 % 4.0 KiB, 1 of 4 files', '   0 % 0 B'])
})

it('passes a stream on', async () => {
  const { shown, bar } = stage()
  const chunks = [Buffer.alloc(1024), Buffer.alloc(1024)]
  const source = async function* () {
    yield* chunks
  }
  expect(await Array.fromAsync(counted(source(), 2048, bar))).toEqual(chunks)
  expect(await Array.fromAsync(counted(source(), undefined, bar))).toEqual(chunks)
  expect(shown).toEqual(['  50 % 1.0 KiB', ' 100 % 2.0 KiB', '   0 % 1.0 KiB', '   0 % 2.0 KiB'])
})
