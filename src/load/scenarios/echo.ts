import { Heard } from '../heard.ts'
import type { Scenario } from '../scenario.ts'

/** A terminal without line editing: each key arrives at the program at once, and only the program answers. */
const terminalProgram = 'stty raw -echo && echo ready && exec cat'

export const echo: Scenario = {
  help: 'press a key in a terminal and wait until the program has answered.',
  prepare: async stage => {
    const client = await stage.connect()
    const process = await client.start(terminalProgram, { tty: true, signal: stage.signal })
    const heard = Heard.listen(bytesOf(process.output))
    const keys = process.stdin.getWriter()
    await heard.until('ready', stage.signal)
    let pressed = 0
    return async signal => {
      pressed += 1
      // Numbered, so that a late answer is not taken for the next one.
      const key = `<${pressed}>`
      await Promise.all([keys.write(key), heard.until(key, signal)])
      return {}
    }
  },
}

async function* bytesOf(output: AsyncIterable<{ readonly bytes: Buffer }>): AsyncGenerator<Buffer> {
  for await (const { bytes } of output) yield bytes
}
