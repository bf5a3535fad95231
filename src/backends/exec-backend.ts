import type { WritableStream } from 'node:stream/web'
import type {
  Command,
  ExecOptions,
  ExecResult,
  Exit,
  Output,
  ProcessSignal,
  StartOptions,
  TerminalSize,
} from '../client/execgate-client.ts'

/** Where commands run: on this machine, or wherever a gateway is. Disposing it kills what still runs. */
export interface ExecBackend extends AsyncDisposable {
  /** Starts a command and returns while it runs. */
  start(command: Command, options?: StartOptions): Promise<ExecProcess>
  /** Whether an addition to the protocol is there. */
  announces(extension: string): Promise<boolean>
  /** Runs a command to its end. */
  exec(command: Command, options?: ExecOptions): Promise<ExecResult>
}

/** One command of a backend. Disposing it kills the command unless it has ended. */
export interface ExecProcess extends AsyncDisposable {
  readonly id: string
  readonly stdin: WritableStream<Uint8Array | string>
  /** Everything it writes, until the last holder has let go of its output. */
  readonly output: AsyncIterable<Output>
  wait(signal?: AbortSignal): Promise<Exit>
  interrupt(): Promise<void>
  /** @throws GatewayError `unsupported` where only `interrupt` is known */
  signal(signal: ProcessSignal): Promise<void>
  /** @throws GatewayError `unsupported` where terminals cannot be resized */
  resize(size: TerminalSize): Promise<void>
  /** Resolves to whether there was something to kill. */
  kill(): Promise<boolean>
}
