/**
 * Numbers both sides of the wire rely on. They are facts of the protocol, not settings: what an operator may
 * change lives in the configuration schema.
 */

/** Largest inbound message that may be allowed, without the line terminator on stdio. */
export const maxMessageBytes = 64 * 1024 * 1024

/** Largest frame a stock client accepts, hence the bound of every reply. */
export const maxReplyBytes = 16 * 1024 * 1024

/** Arrays and objects may nest this deep. */
export const maxJsonDepth = 127

/** Objects, arrays and scalars of one message, the root included, keys not counted. */
export const maxJsonValues = 262_144

/** Longest id of a request, a process, a write or an HTTP request, in UTF-8 bytes. */
export const maxIdBytes = 1024

/** Output kept for an attached process: whichever bound is reached first evicts the oldest chunk. */
export const retainedOutputBytes = 1024 * 1024
export const retainedOutputChunks = 50_000

/**
 * Largest payload of one output notification. A multiple of three, so that only the last chunk of a stream
 * carries base64 padding.
 */
export const outputChunkBytes = 48 * 1024

/** Write ids remembered for each process, oldest forgotten first. */
export const rememberedWriteIds = 4096

/** Size of a new terminal. */
export const terminalRows = 24
export const terminalColumns = 80
