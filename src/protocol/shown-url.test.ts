import { expect, test } from 'vitest'
import { shownUrl } from './shown-url.ts'

test.each([
  ['ws://host:7777', 'ws://host:7777'],
  ['ws://host/path?token=secret', 'ws://host/path'],
  ['ws://host/path#secret', 'ws://host/path'],
  ['wss://me:secret@host/@path', 'wss://host/@path'],
  ['ws://me:sec@ret@host', 'ws://host'],
  ['ws:me:secret@host', 'ws:host'],
  ['ws:\\\\me:secret@host', 'ws:\\\\host'],
  ['ws://me:secret@host:99999', 'ws://host:99999'],
  ['ws://me:sec/ret@host:99999', 'ws://host:99999'],
  ['ws://me:sec?ret@host:99999', 'ws://host:99999'],
  ['me:secret@host', 'me:host'],
  ['none', 'none'],
  ['', ''],
])('%j is shown as %j', (text, shown) => {
  expect(shownUrl(text)).toBe(shown)
})
