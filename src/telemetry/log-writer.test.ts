import { closeSync, mkdtempDisposableSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openPipe } from '../../test/support/pipe-ends.ts'
import { LogWriter } from './log-writer.ts'

const longEnough = 20_000

it('writes every line, in order', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'execgate-log-'))
  const descriptor = openSync(join(folder.path, 'log'), 'w')
  const writer = new LogWriter(descriptor)
  const lines = Array.from({ length: 1000 }, (_, index) => `line ${index} ä\n`)
  for (const line of lines) writer.write(line)
  await writer.flush(longEnough)
  closeSync(descriptor)
  expect(readFileSync(join(folder.path, 'log'), 'utf8')).toBe(lines.join(''))
})

it('goes on when the disk is full', async () => {
  const descriptor = openSync('/dev/full', 'w')
  let dropped = 0
  const writer = new LogWriter(descriptor, () => (dropped += 1))
  for (let line = 0; line < 100; line++) {
    writer.write('x\n')
    await writer.flush(longEnough)
  }
  expect(dropped).toBe(0)
  closeSync(descriptor)
})

it('keeps a mebibyte for a reader that does not read, and does not wait for it at the end', async () => {
  const pipe = openPipe('from them')
  pipe.ours.pause()
  let dropped = 0
  const writer = new LogWriter(pipe.theirs, () => (dropped += 1))
  const line = `${'x'.repeat(1023)}\n`
  for (let count = 0; count < 3000; count++) writer.write(line)
  await writer.flush(1)
  expect(dropped).toBeGreaterThan(1900)
  expect(dropped).toBeLessThan(2000)
  pipe.ours.resume()
  await writer.flush(longEnough)
  pipe.closeTheirs()
  pipe.ours.destroy()
})
