import { debugged, type Memory, memoryOf } from './debugged-program.ts'
import { Program } from './program.ts'

interface State {
  readonly guards: Readonly<Record<string, number>>
  readonly connections: { readonly listed: readonly { readonly queuedBytes: number }[] }
  readonly processes: { readonly listed: readonly { readonly id: string; readonly state: string }[] }
}

/** The program on its standard streams, with a port for operators. */
export class ObservedProgram {
  readonly program: Program
  readonly #operatorsUrl: string

  private constructor(program: Program, operatorsUrl: string) {
    this.program = program
    this.#operatorsUrl = operatorsUrl
  }

  static async start(options: readonly string[] = []): Promise<ObservedProgram> {
    const operators = ['--admin-listen', '127.0.0.1:0', '--log-level', 'info']
    const program = Program.start(['exec-server', '--listen', 'stdio', ...operators, ...options], { command: debugged })
    const served = /"url":"([^"]+)".*"msg":"operators are served"/
    await program.logged.contains(served)
    return new ObservedProgram(program, served.exec(program.logged.text)?.[1] ?? '')
  }

  /** `/debug/state` */
  async state(): Promise<State> {
    return (await (await fetch(new URL('/debug/state', this.#operatorsUrl))).json()) as State
  }

  memory(): Promise<Memory> {
    return memoryOf(this.program)
  }
}
