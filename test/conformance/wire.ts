import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { Inbox } from './inbox.ts'

/** One connection to the program under test, whatever carries it. */
export interface Wire extends AsyncDisposable {
  readonly inbox: Inbox
  send(text: string): void
  /** Sends a message as bytes: a binary frame, or the bytes themselves. */
  sendBytes(bytes: Buffer): void
  /** Says goodbye: a Close frame, or the end of input. */
  close(): void
  /** Breaks the connection without a word. Resolves when this side has let go. */
  cut(): Promise<void>
}

/** Connects as a stock client does: no extension, no subprotocol. */
export async function openWebSocket(url: string): Promise<Wire> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const inbox = new Inbox()
  socket.on('message', (data: Buffer) => {
    inbox.take(data.toString())
  })
  socket.on('error', () => {})
  socket.once('close', (code, reason) => {
    inbox.end({ code, reason: reason.toString() })
  })
  const cut = async () => {
    if (socket.readyState === WebSocket.CLOSED) return
    const isClosed = once(socket, 'close')
    socket.terminate()
    await isClosed
  }
  await once(socket, 'open')
  return {
    inbox,
    send: text => {
      socket.send(text)
    },
    sendBytes: bytes => {
      socket.send(bytes)
    },
    close: () => {
      socket.close()
    },
    cut,
    [Symbol.asyncDispose]: cut,
  }
}

/** Starts a program that speaks the protocol on its standard streams. */
export function openProgram([file = '', ...argv]: readonly string[]): Wire {
  const program = spawn(file, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const inbox = new Inbox()
  const isOver = once(program, 'close')
  createInterface(program.stdout).on('line', line => {
    inbox.take(line)
  })
  program.stdin.on('error', () => {})
  program.once('close', (code, signal) => {
    inbox.end({ code: code ?? -1, reason: signal ?? '' })
  })
  const cut = async () => {
    program.kill('SIGKILL')
    await isOver
  }
  return {
    inbox,
    send: text => {
      program.stdin.write(`${text}\n`)
    },
    sendBytes: bytes => {
      program.stdin.write(bytes)
    },
    close: () => {
      program.stdin.end()
    },
    cut,
    [Symbol.asyncDispose]: cut,
  }
}
