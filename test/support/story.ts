import { expect } from 'vitest'
import type { Conversation } from './conversation.ts'

/** The events of a process in the order they arrived, one line each: `1 stdout "hi\n"`, `2 exited 0`, `3 closed`. */
export function storyOf(conversation: Conversation, processId: string): string[] {
  return conversation.events(processId).map(({ method, params }) => {
    const { seq, stream, chunk, exitCode } = params as { seq: number; stream: string; chunk: string; exitCode: number }
    switch (method) {
      case 'process/output':
        return `${seq} ${stream} ${JSON.stringify(Buffer.from(chunk, 'base64').toString())}`
      case 'process/exited':
        return `${seq} exited ${exitCode}`
      case 'process/closed':
        return `${seq} closed`
      default:
        return `${seq} ${method}`
    }
  })
}

/** Fails unless the events of a process arrived in the order of their numbers, from 1, without a gap. */
export function expectGapless(conversation: Conversation, processId: string): void {
  const numbers = conversation.events(processId).map(({ params }) => params.seq as number)
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1))
}
