import { PassThrough, Readable } from 'node:stream'
import { WritableStream } from 'node:stream/web'
import { expect, it } from 'vitest'
import type { Files } from '../../client/execgate-client.ts'
import { PathUri } from '../../protocol/path-uri.ts'
import { copy } from './copy.ts'

it('shows on a terminal how far it is, and leaves the line empty at the end', async () => {
  const written: string[] = []
  const streams = {
    stdin: Readable.from([Buffer.from('abc')]),
    stdout: new PassThrough(),
    stderr: { isTTY: true, write: (text: string) => written.push(text) > 0 },
  }
  const files = { writeStream: () => new WritableStream() } as Partial<Files> as Files
  const remote = { uri: PathUri.fromNative('/a'), isDirectory: false, isContents: false }
  const request = { url: 'ws://a', direction: 'up', local: '-', remote } as const
  await copy(request, { files, streams, journalOf: () => undefined })
  expect(written).toEqual([expect.stringContaining('3 B'), '\r\x1b[K'])
})
