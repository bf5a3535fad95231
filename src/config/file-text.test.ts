import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ScratchFolder } from '../../test/support/scratch-folder.ts'
import { readFileText } from './file-text.ts'

test('the whole text is read, byte order mark and all', () => {
  using folder = new ScratchFolder()
  const text = `\u{FEFF}# ä ${'x'.repeat(300_000)}\n`
  expect(readFileText(folder.write('execgate.toml', text))).toBe(text)
})

test('a file may have a mebibyte, and not a byte more', () => {
  using folder = new ScratchFolder()
  expect(readFileText(folder.write('large', 'x'.repeat(1024 * 1024)))).toHaveLength(1024 * 1024)
  const tooLarge = folder.write('larger', 'x'.repeat(1024 * 1024 + 1))
  expect(() => readFileText(tooLarge)).toThrow('it is longer than 1048576 bytes')
})

describe('in a sentence it says that', () => {
  test.each([
    ['a device has no end', '/dev/zero', 'it is longer than 1048576 bytes'],
    ['a folder is none', '/', 'EISDIR: illegal operation on a directory, read'],
    ['nothing is there', '/nowhere/execgate.toml', "ENOENT: no such file or directory, open '/nowhere/execgate.toml'"],
    ['a path holds a NUL', '/a\0b', /must be a string.*without null bytes/],
  ])('%s', (_what, path, message) => {
    expect(() => readFileText(path)).toThrow(message)
  })

  test.each(['[', '{', '[{'])('a file nests without measure: %s', bracket => {
    using folder = new ScratchFolder()
    const path = folder.write('execgate.toml', `grace = ${bracket.repeat(100_000)}`)
    expect(() => readFileText(path)).toThrow('it has more than 200 brackets open at a time')
    const flat = `list = [${'[],'.repeat(1000)}]`
    expect(readFileText(folder.write('flat', flat))).toBe(flat)
  })

  test('a file is no text', () => {
    using folder = new ScratchFolder()
    const path = folder.write('execgate.toml', '')
    writeFileSync(path, Buffer.from('a = "\xff"', 'latin1'))
    expect(() => readFileText(path)).toThrow('it is not UTF-8 text')
  })
})
