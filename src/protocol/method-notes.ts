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

/** The operating system has the last word about files. */
const fileErrors: readonly ErrorKind[] = ['refused', 'notFound']

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
  'process/closeStdin': {
    summary: 'Closes standard input once what was written before is in it. An addition, announced as `inputEnd`.',
    errors: [],
  },
  'process/resize': { summary: 'Tells a terminal its size. An addition, announced as `resize`.', errors: ['refused'] },
  'process/signal': {
    summary:
      'Sends a signal to the process group; `interrupt` and `quit` go to what runs in the foreground of a terminal.',
    errors: ['refused'],
  },
  'process/terminate': { summary: 'Kills a process with its group at once.', errors: [] },
  'fs/readFile': { summary: 'Reads a whole file.', errors: fileErrors },
  'fs/writeFile': { summary: 'Replaces the contents of a file, or creates it.', errors: fileErrors },
  'fs/open': { summary: 'Opens a file to be read or written in blocks.', errors: fileErrors },
  'fs/readBlock': { summary: 'Reads a part of an open file.', errors: fileErrors },
  'fs/writeBlock': { summary: 'Writes a part of an open file.', errors: fileErrors },
  'fs/close': { summary: 'Closes a file, after what is still being done with it.', errors: fileErrors },
  'fs/createDirectory': { summary: 'Creates a directory.', errors: fileErrors },
  'fs/getMetadata': { summary: 'Tells kind, size and times of what a path leads to.', errors: fileErrors },
  'fs/canonicalize': { summary: 'Resolves the symbolic links in a path that exists.', errors: fileErrors },
  'fs/readDirectory': { summary: 'Lists a directory.', errors: fileErrors },
  'fs/walk': { summary: 'Lists a tree, in one order always, as far as its bounds allow.', errors: fileErrors },
  'fs/remove': { summary: 'Removes a file, a symbolic link or a tree.', errors: fileErrors },
  'fs/copy': { summary: 'Copies a file or a tree.', errors: fileErrors },
  'fs/watchMissing': { summary: 'Watches paths that do not exist; tells once when one may.', errors: fileErrors },
  'fs/watch': { summary: 'Watches a tree. An addition of this gateway.', errors: fileErrors },
  'fs/unwatch': { summary: 'Ends a watch of a tree.', errors: fileErrors },
  'http/request': {
    summary: 'Makes an HTTP request from the gateway; the body follows in the reply or in notifications.',
    errors: ['refused'],
  },
  'capabilityRoots/discoverV1': { summary: 'Lists what plugins and skills are in some directories.', errors: [] },
  'environmentConfig/read': { summary: 'Reads the configuration this gateway has for its clients.', errors: [] },
}

type NotificationName = keyof typeof notifications | typeof initializedNotification

export const notificationNotes: Readonly<Record<NotificationName, string>> = {
  initialized: 'Ends the handshake: the client has read the reply to `initialize`.',
  'process/output': 'A chunk of output, in the order of its sequence number.',
  'process/exited': 'The process has exited; descendants may still hold its streams.',
  'process/closed': 'The process has exited and its streams have ended: nothing follows.',
  'fs/missingChanged': 'What a watch is about may have changed; the watch is over.',
  'fs/changed': 'Something below a watched directory has changed.',
  'http/request/bodyDelta': 'A piece of a streamed response, in the order of its sequence number.',
}

export const errorMeanings: Readonly<Record<ErrorKind, string>> = {
  invalidRequest: 'malformed, out of order, or about something that is not there',
  methodNotFound: 'no such method',
  invalidParams: 'a parameter has the wrong type, or a value that cannot be honoured; `data.field` names it',
  internal: 'the gateway did not expect it; `data.traceId` leads to its log',
  refused: 'the operating system refused, in its own words: `No such file or directory (os error 2)`',
  limitReached: 'a limit of this gateway; `data.limit` is `{name, value}`; nothing was done',
  sessionAttached: 'the session still has a live connection',
  notFound: 'there is no such file, directory or file handle',
}
