import { randomUUID } from 'node:crypto'
import type { ParamsInput } from '../../src/protocol/method-table.ts'

/** A number and a UUID, as a stock client makes them. */
export function newProcessId(count: number): string {
  return `${25_000 + count}-${randomUUID()}`
}

export interface StockStart {
  readonly processId: string
  readonly threadId: string
  /** Which tool call of the thread this is. */
  readonly count: number
  readonly script: string
  readonly tty: boolean
}

/** The parameters of `process/start` with every member a stock client sends for a command it does not confine. */
export function stockStart({ processId, threadId, count, script, tty }: StockStart): ParamsInput<'process/start'> {
  const toolCallId = `call_${count}`
  return {
    processId,
    metadata: { threadId, toolCallId },
    argv: ['/bin/bash', '-lc', script],
    cwd: 'file:///tmp',
    envPolicy: {
      inherit: 'all',
      ignoreDefaultExcludes: true,
      exclude: [
        'CODEX_PERMISSION_PROFILE',
        'CODEX_VERSION',
        'CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS',
        'CODEX_PLUGIN_METRICS_OUTPUT',
      ],
      set: {},
      includeOnly: [],
    },
    env: {
      CODEX_THREAD_ID: threadId,
      CODEX_SESSION_ID: threadId,
      CODEX_TOOL_CALL_ID: toolCallId,
      // Excluded above and given all the same: what is given wins.
      CODEX_VERSION: '0.169.0',
      CODEX_CI: '1',
      CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS: '1',
      TERM: 'dumb',
      NO_COLOR: '1',
      COLORTERM: '',
      PAGER: 'cat',
      GIT_PAGER: 'cat',
      GH_PAGER: 'cat',
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      LC_CTYPE: 'C.UTF-8',
    },
    tty,
    pipeStdin: false,
    arg0: null,
    sandbox: null,
    enforceManagedNetwork: false,
    managedNetwork: null,
  }
}
