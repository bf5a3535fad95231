import { GatewayError } from '../protocol/gateway-error.ts'
import type { Exit, Process } from './process.ts'

/** What a command said and how it ended. */
export interface ExecResult extends Exit {
  /** What it wrote to standard output, in a terminal all it showed, as UTF-8. */
  readonly stdout: string
  readonly stderr: string
  readonly stdoutBytes: Buffer
  readonly stderrBytes: Buffer
}

/**
 * Collects everything until the output ends.
 * @throws GatewayError `limitReached` beyond `maxOutputBytes`
 */
export async function collect(process: Process, maxOutputBytes: number, signal: AbortSignal): Promise<ExecResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let total = 0
  for await (const { stream, bytes } of process.follow(signal)) {
    total += bytes.length
    if (total > maxOutputBytes) {
      const text = `the command wrote more than maxOutputBytes, ${maxOutputBytes} bytes, and was killed`
      throw GatewayError.limit('maxOutputBytes', maxOutputBytes, text)
    }
    if (stream === 'stderr') stderr.push(bytes)
    else stdout.push(bytes)
  }
  const exit = await process.wait(signal)
  const stdoutBytes = Buffer.concat(stdout)
  const stderrBytes = Buffer.concat(stderr)
  return { ...exit, stdoutBytes, stderrBytes, stdout: stdoutBytes.toString(), stderr: stderrBytes.toString() }
}

/** Writes all of the input and ends it. A command that does not read it to the end may end all the same. */
export async function feed(process: Process, input: string | Uint8Array): Promise<void> {
  const writer = process.stdin.getWriter()
  try {
    await writer.write(input)
    await writer.close()
  } catch (error) {
    if (!(error instanceof GatewayError) || error.kind !== 'refused') throw error
  }
}
