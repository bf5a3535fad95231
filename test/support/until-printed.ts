import type { Process } from '../../src/client/execgate-client.ts'

/** Reads until the output has the text in it. */
export async function untilPrinted(process: Process, text: string): Promise<void> {
  let seen = ''
  for await (const { bytes } of process.output) {
    seen += bytes.toString()
    if (seen.includes(text)) return
  }
  throw new Error(`the process ended without ${text}: ${seen}`)
}
