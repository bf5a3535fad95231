import { join } from 'node:path'
import { isProblem } from '../../config/problem.ts'
import type { Environment } from '../../config/sources.ts'
import { ExecClient, GatewayError } from '../../client/execgate-client.ts'
import type { PathUri } from '../../protocol/path-uri.ts'
import type { ToolArguments } from '../tool-arguments.ts'
import { copy, type CopyStreams } from './copy.ts'
import { canRecordIn, copyJournals, forgetOldJournals, journalName } from './copy-journal.ts'
import { parseCopyRequest } from './copy-request.ts'

export interface CopyContext {
  readonly environment: Environment
  readonly streams: CopyStreams
  /** Writes a line to standard error. */
  readonly complain: (line: string) => void
}

/** Nobody reads the output any more: 128 + SIGPIPE. */
const outputClosed = 141

/** `execgate cp`. Resolves to its exit status: 0, 1 when something was not copied, 2 when it is not understood. */
export async function runCopy(
  { flags, operands }: ToolArguments,
  { environment, streams, complain }: CopyContext,
): Promise<number> {
  const request = parseCopyRequest(operands, flags.get('url'), environment)
  if (isProblem(request)) {
    complain(request.problem)
    return 2
  }
  let canGoOn = false
  try {
    await using client = await ExecClient.connect(request.url, { clientName: 'execgate-cp' })
    const folder = copyJournals(environment)
    if (folder !== undefined) forgetOldJournals(folder, Date.now())
    const journalOf = (here: Buffer, there: PathUri) => {
      if (folder === undefined || !canRecordIn(folder)) return undefined
      canGoOn = true
      return join(folder, journalName(request, here, there))
    }
    const leftOut = await copy(request, { files: client.files, streams, journalOf })
    if (leftOut > 0) complain(`left out, being neither files nor directories: ${leftOut}`)
    return 0
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (isSystemError(error) && error.code === 'EPIPE') return outputClosed
    // Whatever else it is, is a defect.
    if (!(error instanceof GatewayError) && !isSystemError(error)) throw error
    complain(error.message)
    if (canGoOn && isOutage(error)) complain('the same command goes on from here')
    return 1
  }
}

function isOutage(error: Error): boolean {
  return error instanceof GatewayError && ['disconnected', 'sessionLost'].includes(error.kind)
}

function isSystemError(error: Error): error is NodeJS.ErrnoException {
  return 'syscall' in error
}
