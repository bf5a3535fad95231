import type { Scenario } from '../scenario.ts'

export const stream: Scenario = {
  help: 'run a command that writes --stream-bytes at once, and take all of it.',
  prepare: async stage => {
    const { settings } = stage
    const client = await stage.connect()
    const command = ['/usr/bin/head', '-c', String(settings.streamBytes), '/dev/zero']
    return async signal => {
      const startedMs = performance.now()
      let firstOutput: number | undefined
      let received = 0
      await using process = await client.start(command, { signal })
      for await (const { bytes } of process.follow(signal)) {
        firstOutput ??= performance.now() - startedMs
        received += bytes.length
      }
      if (received !== settings.streamBytes) throw new Error(`${received} bytes arrived of ${settings.streamBytes}`)
      return firstOutput === undefined ? {} : { firstOutput }
    }
  },
}
