import { expect, test } from 'vitest'
import { isMusl } from './library.ts'

test.each([
  ['/lib/ld-musl-x86_64.so.1', true],
  ['/lib/aarch64-linux-musl/libc.so', true],
  ['/usr/lib/x86_64-linux-gnu/libc.so.6', false],
  ['/srv/ld-musl-copies/libc.so.6', false],
])('a Node that maps %s runs on musl: %s', (path, expected) => {
  const mapping = (file: string) => `7f10000-7f20000 r-xp 00000000 08:01 42 ${file}\n`
  expect(isMusl(mapping('/usr/bin/node') + mapping(path) + mapping('[stack]'))).toBe(expected)
})
