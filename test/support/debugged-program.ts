import { once } from 'node:events'
import { WebSocket } from 'ws'
import { launcher, type Program } from './program.ts'

/** The launcher with a port for a debugger, which is asked about memory. The port is one of standard error's lines. */
export const debugged: readonly [string, ...string[]] = [process.execPath, '--inspect=127.0.0.1:0', launcher]

export interface Memory {
  /** What cannot be collected. */
  readonly heldBytes: number
  /** What the operating system has given, whatever of it is free. */
  readonly residentBytes: number
}

/** What a program that was started as `debugged` takes once everything that can be collected has been. */
export async function memoryOf(program: Program): Promise<Memory> {
  const announced = /^Debugger listening on (ws:\S+)$/m
  await program.logged.contains(announced)
  const socket = new WebSocket(announced.exec(program.logged.text)?.[1] ?? '')
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
