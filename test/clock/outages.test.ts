import { setTimeout as pass } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ExecClient, type LinkState } from '../../src/client/execgate-client.ts'
import { CuttingProxy } from '../support/cutting-proxy.ts'
import { startGateway } from '../support/start-gateway.ts'

/**
 * Outages as long as they are, with the defaults of client and gateway. All at the same time, since they only wait.
 * `npm run clock`; everything else about recovery is tested with time that is made up.
 */

const timeout = 120_000

async function connectThroughProxy() {
  await using resources = new AsyncDisposableStack()
  const gateway = resources.use(await startGateway())
  const proxy = resources.use(await CuttingProxy.open(gateway.url))
  const states: LinkState[] = []
  const client = resources.use(
    await ExecClient.connect(proxy.url, {
      stateChanged: state => {
        states.push(state)
      },
    }),
  )
  const owned = resources.move()
  return { gateway, proxy, client, states, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

it.concurrent.each([1, 10, 44])('an outage of %i s loses nothing', { timeout }, async seconds => {
  await using stage = await connectThroughProxy()
  const process = await stage.client.start(['sh', '-c', 'while read line; do echo "got $line"; done; exit 3'], {
    stdin: 'pipe',
  })
  const writer = process.stdin.getWriter()
  await writer.write('before\n')
  await stage.proxy.goDown()
  const written = writer.write('meanwhile\n')
  await pass(seconds * 1000)
  stage.proxy.comeUp()
  await written
  await writer.write('after\n')
  await writer.close()
  let stdout = ''
  for await (const { bytes } of process.output) stdout += Buffer.from(bytes).toString()
  expect(stdout).toBe('got before\ngot meanwhile\ngot after\n')
  expect(await process.wait()).toMatchObject({ exitCode: 3 })
  expect(stage.states).toEqual(['recovering', 'connected'])
})

it.concurrent('an outage of 46 s is too long, and says so', { timeout }, async () => {
  await using stage = await connectThroughProxy()
  const process = await stage.client.start(['cat'], { stdin: 'pipe' })
  await stage.proxy.goDown()
  const ended = process.wait()
  await Promise.all([pass(46_000), expect(ended).rejects.toMatchObject({ kind: 'sessionLost' })])
  expect(stage.states).toEqual(['recovering', 'failed'])
  stage.proxy.comeUp()
  await expect(stage.client.exec(['true'])).rejects.toMatchObject({ kind: 'sessionLost' })
})
