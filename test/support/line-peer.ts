import { Conversation } from './conversation.ts'
import type { Program } from './program.ts'

/** The other side of a program that serves its standard streams. */
export class LinePeer extends Conversation {
  readonly #program: Program

  constructor(program: Program) {
    super()
    this.#program = program
    let rest = ''
    program.stdout.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.take(line)
    })
    program.stdout.once('close', () => {
      this.failWaiting(new Error('standard output has ended'))
    })
  }

  /** Ends the program's standard input. */
  end(): void {
    this.#program.stdin.end()
  }

  protected override sendText(text: string): void {
    this.#program.stdin.write(`${text}\n`)
  }
}
