import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { afterEach, expect, it, vi } from 'vitest'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { Conversation } from '../support/conversation.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'
import { startGateway } from '../support/start-gateway.ts'

/** The other side of a gateway on a pair of streams in this process. */
class StreamPeer extends Conversation implements AsyncDisposable {
  readonly #input = new PassThrough()
  readonly #served: Promise<void>

  constructor(gateway: Gateway) {
    super()
    const output = new PassThrough()
    createInterface({ input: output }).on('line', line => this.take(line))
    this.#served = gateway.serveStdio(this.#input, output)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.end()
    await this.#served
  }

  /** In pieces, as a pipe hands it over. */
  protected override sendText(text: string): void {
    const bytes = Buffer.from(`${text}\n`)
    for (let at = 0; at < bytes.length; at += 65_536) this.#input.write(Buffer.from(bytes.subarray(at, at + 65_536)))
  }
}

/** How much each memory held that was given back. */
function watchFreed(): number[] {
  const freed: number[] = []
  const { transfer } = ArrayBuffer.prototype
  vi.spyOn(ArrayBuffer.prototype, 'transfer').mockImplementation(function (this: ArrayBuffer, length) {
    freed.push(this.byteLength)
    return transfer.call(this, length)
  })
  return freed
}

afterEach(() => {
  vi.restoreAllMocks()
})

it.each(['a WebSocket', 'standard streams'])(
  'long messages of %s are read whole, and their memory is given back',
  async carrier => {
    await using fixture = await startGateway()
    using folder = new ScratchFolder()
    await using onStreams = carrier === 'a WebSocket' ? undefined : new StreamPeer(fixture.gateway)
    const peer = onStreams ?? (await fixture.connect())
    if (onStreams !== undefined) await onStreams.shakeHands()
    const bytes = Buffer.from(Array.from({ length: 150_000 }, (_, index) => (index * index) >> 3))
    const dataBase64 = bytes.toString('base64')
    const at = (name: string) => `${folder.uri}/${name}`
    const messages = [
      { id: 1, method: 'fs/writeFile', params: { path: at('whole'), dataBase64 } },
      { id: 2, method: 'fs/open', params: { handleId: 'h', path: at('blocks'), mode: 'replace' } },
      { id: 3, method: 'fs/writeBlock', params: { handleId: 'h', offset: 0, chunk: dataBase64 } },
      { id: 4, method: 'fs/writeFile', params: { path: at('ü'), dataBase64: '', unknown: 'ä'.repeat(50_000) } },
    ].map(message => JSON.stringify({ ...message, id: `long ${message.id}` }))
    const freed = watchFreed()
    for (const message of messages) peer.send(message)
    for (const id of [1, 2, 3, 4]) expect(await peer.until(reply => reply.id === `long ${id}`)).toHaveProperty('result')
    for (const name of ['whole', 'blocks']) expect(readFileSync(join(folder.path, name))).toEqual(bytes)
    expect(readFileSync(join(folder.path, 'ü'), 'utf8')).toBe('')
    const longBytes = messages.map(message => Buffer.byteLength(message)).filter(length => length > 65_536)
    const byNumber = (a: number, b: number) => a - b
    expect(freed.toSorted(byNumber)).toEqual([...longBytes, bytes.length, bytes.length].toSorted(byNumber))
  },
)
