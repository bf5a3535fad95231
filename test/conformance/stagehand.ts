import { randomUUID } from 'node:crypto'
import { isObject, type Json, show } from './patterns.ts'
import type { Wire } from './wire.ts'

/**
 * Works behind the scenes of a transcript, in a session of its own: makes the scratch directory, opens gates. Everything
 * is done by processes of the server, whose files may not be ours.
 */
export class Stagehand implements AsyncDisposable {
  readonly scratch: string
  readonly #wire: Wire
  #count = 0

  private constructor(wire: Wire) {
    this.#wire = wire
    this.scratch = `/tmp/execgate-conformance-${randomUUID()}`
  }

  /** A gate is a FIFO: who reads from it waits until somebody writes to it, and the other way round. fifo(7) */
  static async prepare(wire: Wire, gates: readonly string[]): Promise<Stagehand> {
    const stagehand = new Stagehand(wire)
    wire.send('{"id":"hello","method":"initialize","params":{"clientName":"stagehand"}}')
    wire.send('{"method":"initialized"}')
    await stagehand.#run(`mkdir ${stagehand.scratch}`)
    for (const gate of gates) await stagehand.#run(`mkfifo ${stagehand.scratch}/${gate}`)
    return stagehand
  }

  async openGate(gate: string): Promise<void> {
    await this.#run(`echo > ${this.scratch}/${gate}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _wire = this.#wire
    await this.#run(`rm -r ${this.scratch}`)
  }

  async #run(script: string): Promise<void> {
    this.#count += 1
    const processId = `stagehand-${this.#count}`
    const params = { processId, argv: ['/bin/sh', '-c', script], cwd: 'file:///', env: {}, tty: false }
    this.#wire.send(JSON.stringify({ id: processId, method: 'process/start', params }))
    const exitCode = await this.#wire.inbox.until(`the end of ${script}`, () => {
      return this.#wire.inbox.messages.map(({ value }) => exitCodeIn(value, processId)).find(code => code !== undefined)
    })
    if (exitCode !== 0) throw new Error(`${script} ended with ${show(exitCode)}`)
  }
}

function exitCodeIn(message: Json, processId: string): Json | undefined {
  if (!isObject(message) || message['method'] !== 'process/exited' || !isObject(message['params'])) return undefined
  return message['params']['processId'] === processId ? message['params']['exitCode'] : undefined
}
