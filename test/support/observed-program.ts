import { once } from 'node:events'
import { WebSocket } from 'ws'
import { launcher, Program } from './program.ts'

interface State {
  readonly guards: Readonly<Record<string, number>>
  readonly connections: { readonly listed: readonly { readonly queuedBytes: number }[] }
  readonly processes: { readonly listed: readonly { readonly id: string; readonly state: string }[] }
}

interface Memory {
  /** What cannot be collected. */
  readonly heldBytes: number
  /** What the operating system has given, whatever of it is free. */
  readonly residentBytes: number
}

/** The program on its standard streams, with a port for operators and one for a debugger, which is asked about memory. */
export class ObservedProgram {
  readonly program: Program
  readonly #operatorsUrl: string
  readonly #debuggerUrl: string

  private constructor(program: Program, operatorsUrl: string, debuggerUrl: string) {
    this.program = program
    this.#operatorsUrl = operatorsUrl
    this.#debuggerUrl = debuggerUrl
  }

  static async start(options: readonly string[] = []): Promise<ObservedProgram> {
    const operators = ['--admin-listen', '127.0.0.1:0', '--log-level', 'info']
    const program = Program.start(['exec-server', '--listen', 'stdio', ...operators, ...options], {
      command: [process.execPath, '--inspect=127.0.0.1:0', launcher],
    })
    return new ObservedProgram(
      program,
      await announced(program, /"url":"([^"]+)".*"msg":"operators are served"/),
      await announced(program, /^Debugger listening on (ws:\S+)$/m),
    )
  }

  /** `/debug/state` */
  async state(): Promise<State> {
    return (await (await fetch(new URL('/debug/state', this.#operatorsUrl))).json()) as State
  }

  /** What it takes once everything that can be collected has been. */
  async memory(): Promise<Memory> {
    const socket = new WebSocket(this.#debuggerUrl)
    await once(socket, 'open')
    const ask = async (method: string, params: object) => {
      socket.send(JSON.stringify({ id: 1, method, params }))
      const [data] = (await once(socket, 'message')) as [Buffer]
      return (JSON.parse(data.toString()) as { result: unknown }).result
    }
    await ask('HeapProfiler.collectGarbage', {})
    const answer = await ask('Runtime.evaluate', { expression: 'process.memoryUsage()', returnByValue: true })
    // With a debugger connected it would not end.
    socket.close()
    await once(socket, 'close')
    const { heapUsed, external, rss } = (answer as { result: { value: NodeJS.MemoryUsage } }).result.value
    return { heldBytes: heapUsed + external, residentBytes: rss }
  }
}

/** The first group of what it says on standard error. */
async function announced(program: Program, pattern: RegExp): Promise<string> {
  await program.logged.contains(pattern)
  return pattern.exec(program.logged.text)?.[1] ?? ''
}
