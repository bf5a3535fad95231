import { expect, it } from 'vitest'
import { Heard } from './heard.ts'

const never = new AbortController().signal

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text))
}

it('hears what arrives in pieces', async () => {
  const heard = Heard.listen(pieces('so', 'me <', '1', '> thing'))
  await expect(heard.until('<1>', never)).resolves.toBeUndefined()
})

it('forgets what it has been asked for, and everything before', async () => {
  const heard = Heard.listen(pieces('<1><2>'))
  await heard.until('<2>', never)
  await expect(heard.until('<1>', never)).rejects.toThrow('nothing more to hear')
})

it('fails with what ended the pieces', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield await Promise.reject(new Error('broken'))
  }
  await expect(Heard.listen(broken()).until('x', never)).rejects.toThrow('broken')
})

it('waits no longer than the signal allows', async () => {
  const endless = new ReadableStream<Buffer>()
  const heard = Heard.listen(endless as AsyncIterable<Buffer>)
  const abort = new AbortController()
  const waiting = heard.until('x', abort.signal)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})
