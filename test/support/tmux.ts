import { type Program, Program as Started } from './program.ts'

/** What control mode escapes: everything below a space, and the backslash, in octal. tmux(1), CONTROL MODE */
const octal = /\\([0-7]{3})/g

/** A terminal as people have it, driven by tmux in control mode, which tells what a pane prints as it is printed. */
export class Tmux implements AsyncDisposable {
  readonly #program: Program
  #seen = 0

  private constructor(program: Program) {
    this.#program = program
    // The server ends with its only client, in whichever way that ends.
    this.#tell('set-option destroy-unattached on')
  }

  /** A pane that runs a command, in a tmux server of its own. The server ends with it. */
  static start(command: readonly string[], env: Readonly<Record<string, string>> = {}): Tmux {
    const argv = ['-L', `execgate-${process.pid}-${process.hrtime.bigint()}`, '-f', '/dev/null', '-C', 'new-session']
    const size = ['-x', '100', '-y', '30']
    return new Tmux(
      Started.start([...argv, ...size, ...command], {
        command: ['tmux'],
        env: { LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env },
      }),
    )
  }

  /** Everything the pane has printed, escape sequences and all. */
  get shown(): string {
    return this.#program.printed.text
      .split('\n')
      .flatMap(line => /^%output %\d+ (.*)$/.exec(line)?.[1] ?? [])
      .join('')
      .replace(octal, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
  }

  /** Types a line as it stands, and Enter. */
  type(line: string): void {
    this.#tell(`send-keys -l ${quoted(line)}`)
    this.press('Enter')
  }

  /** Presses keys by their names, such as `C-c` and `Enter`. */
  press(...keys: readonly string[]): void {
    this.#tell(`send-keys ${keys.map(quoted).join(' ')}`)
  }

  resize(columns: number, rows: number): void {
    this.#tell(`resize-window -x ${columns} -y ${rows}`)
  }

  /** What the pane has printed that matches, after what was waited for before. Rejects when it ends without it. */
  async until(expected: RegExp): Promise<string> {
    const printed = this.#program.printed
    for (;;) {
      const { length } = printed.text
      const [found] = expected.exec(this.shown.slice(this.#seen)) ?? []
      if (found !== undefined) {
        this.#seen = this.shown.indexOf(found, this.#seen) + found.length
        return found
      }
      await printed.contains(new RegExp(`^[^]{${length + 1}}`))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tell('kill-server')
    await this.#program.ended
    await this.#program[Symbol.asyncDispose]()
  }

  #tell(command: string): void {
    this.#program.stdin.write(`${command}\n`)
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
