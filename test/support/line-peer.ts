import { Conversation, type Received } from './conversation.ts'
import type { Program } from './program.ts'

/** The other side of a program that serves its standard streams. */
export class LinePeer extends Conversation {
  readonly #program: Program
  #isOver = false

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
      this.#isOver = true
      this.failWaiting(this.#end)
    })
  }

  override until(matches: (message: Received) => boolean): Promise<Received> {
    if (this.#isOver && !this.received.some(matches)) return Promise.reject(this.#end)
    return super.until(matches)
  }

  /** Ends the program's standard input. */
  end(): void {
    this.#program.stdin.end()
  }

  get #end(): Error {
    return new Error(`standard output has ended: ${this.#program.logged.text}`)
  }

  protected override sendText(text: string): void {
    this.#program.stdin.write(`${text}\n`)
  }
}
