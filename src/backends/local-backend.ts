import { PassThrough } from 'node:stream'
import { ExecClient } from '../client/execgate-client.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { ExecBackend } from './exec-backend.ts'
import { ownedBackend } from './owned-backend.ts'

/** So much waits between the two sides before a process is held back. */
const pipeBytes = 256 * 1024

/**
 * Commands run on this machine, by a gateway in this program that nobody else can reach. They go the same way as remote ones, so
 * that nothing behaves differently: only the network is missing. The gateway stays with whoever opened it.
 */
export async function openLocalBackend(gateway: Gateway): Promise<ExecBackend> {
  const [up, down] = [new PassThrough({ highWaterMark: pipeBytes }), new PassThrough({ highWaterMark: pipeBytes })]
  const served = gateway.serveStdio(up, down)
  const client = await ExecClient.connect({ input: down, output: up }, { clientName: 'execgate-local' })
  return ownedBackend(client, {
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]()
      await served
    },
  })
}
