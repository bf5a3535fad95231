import { expect, test } from 'vitest'
import { ProgressBar } from '../progress-bar.ts'
import { CopiedBytes } from './copied-bytes.ts'

test('shows bytes and files, and passes everything on', async () => {
  let shown = ''
  const terminal = {
    isTTY: true,
    write: (text: string | Uint8Array) => {
      shown += String(text)
      return true
    },
  }
  using bar = new ProgressBar(terminal)
  const copied = new CopiedBytes(bar, 2)
  const chunks = [Buffer.alloc(1024), Buffer.alloc(1024)]
  for (let file = 0; file < 2; file++) {
    const source = (async function* () {
      yield* chunks
    })()
    expect(await Array.fromAsync(copied.counted(source, 2048))).toEqual(chunks)
  }
  expect(shown).toContain(' 25 % 1.0 KiB, 0 of 2 files')
  expect(shown).toContain('100 % 4.0 KiB, 2 of 2 files')
})
