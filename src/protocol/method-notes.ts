import type { ErrorKind } from './gateway-error.ts'
import type { initializedNotification, MethodName, notifications } from './method-table.ts'

/** What the reference says of a message beyond its schema. */
interface MethodNote {
  /** One sentence. */
  readonly summary: string
  /** Ways it can fail beside those every request shares. */
  readonly errors: readonly ErrorKind[]
}

/** Errors any request may be answered with. */
export const sharedErrors: readonly ErrorKind[] = ['invalidRequest', 'invalidParams', 'internal', 'limitReached']

export const methodNotes: Readonly<Record<MethodName, MethodNote>> = {
  initialize: {
    summary: 'Opens a session, or takes one up again. The first message of a connection.',
    errors: ['sessionAttached'],
  },
  'environment/info': { summary: 'Describes the host.', errors: [] },
  'environment/status': { summary: 'Answers as long as the gateway does.', errors: [] },
  'process/start': {
    summary: 'Starts a process. The reply comes before any notification about it.',
    errors: ['refused'],
  },
  'process/read': { summary: 'Reads output that is kept, or waits for more.', errors: [] },
  'process/write': { summary: 'Queues input for a process, exactly once for each write id.', errors: ['refused'] },
  'process/signal': { summary: 'Sends SIGINT to what runs in the foreground.', errors: ['refused'] },
  'process/terminate': { summary: 'Kills a process with its group at once.', errors: [] },
}

type NotificationName = keyof typeof notifications | typeof initializedNotification

export const notificationNotes: Readonly<Record<NotificationName, string>> = {
  initialized: 'Ends the handshake: the client has read the reply to `initialize`.',
  'process/output': 'A chunk of output, in the order of its sequence number.',
  'process/exited': 'The process has exited; descendants may still hold its streams.',
  'process/closed': 'The process has exited and its streams have ended: nothing follows.',
}

export const errorMeanings: Readonly<Record<ErrorKind, string>> = {
  invalidRequest: 'malformed, out of order, or about something that is not there',
  methodNotFound: 'no such method',
  invalidParams: 'a parameter has the wrong type, or a value that cannot be honoured; `data.field` names it',
  internal: 'the gateway did not expect it; `data.traceId` leads to its log',
  refused: 'the operating system refused, in its own words: `No such file or directory (os error 2)`',
  limitReached: 'a limit of this gateway; `data.limit` is `{name, value}`; nothing was done',
  sessionAttached: 'the session still has a live connection',
  notFound: 'reserved for files',
}
