import { readFileSync, writeFileSync } from 'node:fs'
import { type ErrorKind, errorKinds } from '../src/protocol/gateway-error.ts'
import * as limits from '../src/protocol/limits.ts'
import { errorMeanings, sharedErrors } from '../src/protocol/method-notes.ts'
import { type MethodObject, openRpcDocument } from '../src/protocol/openrpc.ts'
import type { JsonSchema } from '../src/protocol/wire-schema.ts'
import { linkTo, memberList, membersOf } from './schema-text.ts'

const page = new URL('../docs/protocol.md', import.meta.url)
const begin = '<!-- The reference begins: npm run protocol-page -->'
const end = '<!-- The reference ends -->'

const limitMeanings: Readonly<Record<keyof typeof limits, string>> = {
  maxMessageBytes: 'bytes of a message to the gateway, unless its operator allows less',
  maxReplyBytes: 'bytes of a reply',
  maxJsonDepth: 'levels of arrays and objects',
  maxJsonValues: 'values in a message: objects, arrays and scalars, keys not counted',
  maxIdBytes: 'bytes of a request id, a process id and a write id',
  retainedOutputBytes: 'bytes of output that an attached process keeps to be read again',
  retainedOutputChunks: 'chunks of output that it keeps',
  outputChunkBytes: 'bytes of output in a notification',
  rememberedWriteIds: 'write ids remembered for a process',
  terminalRows: 'rows of a new terminal',
  terminalColumns: 'columns of a new terminal',
}

/** `docs/protocol.md` with its generated part made anew. */
export function protocolPage(text = readFileSync(page, 'utf8')): string {
  const [before, after] = [text.indexOf(begin), text.indexOf(end)]
  if (before === -1 || after < before) throw new Error(`docs/protocol.md lacks ${begin} or ${end}`)
  return `${text.slice(0, before)}${begin}\n\n${reference()}\n\n${text.slice(after)}`
}

function reference(): string {
  const { methods, components, 'x-notifications': notifications } = openRpcDocument('')
  const requests = methods.filter(({ result }) => result !== undefined)
  const told = methods.filter(({ result }) => result === undefined)
  const values = new Map(Object.entries(limits))
  const bounds = Object.entries(limitMeanings).map(
    ([name, meaning]) => `- ${values.get(name)?.toLocaleString('en')} ${meaning}`,
  )
  const errors = Object.entries(errorKinds).map(([kind, { code, retryable }]) => {
    const hint = retryable ? '; trying again may help' : ''
    return `- ${code} \`${kind}\`: ${errorMeanings[kind as ErrorKind]}${hint}`
  })
  return [
    '### Requests',
    `Each may fail with ${sharedErrors.map(kind => `\`${kind}\``).join(', ')}.`,
    ...requests.flatMap(message),
    '### Notifications to the gateway',
    ...told.flatMap(message),
    '### Notifications from the gateway',
    ...notifications.flatMap(message),
    '### Shared objects',
    ...Object.entries(components.schemas).flatMap(([name, schema]) => [
      `#### ${name}`,
      memberList(membersOf(schema)).join('\n'),
    ]),
    '### Errors',
    errors.join('\n'),
    '### Fixed limits',
    `Those an operator may change are in [limits.md](limits.md).`,
    bounds.join('\n'),
  ].join('\n\n')
}

/** The paragraphs about one message. */
function message({ name, summary, params, result, errors = [] }: MethodObject): string[] {
  const isShared = (kind: string) => sharedErrors.some(shared => shared === kind)
  const own = errors.map(({ $ref }) => $ref.split('/').at(-1) ?? '').filter(kind => !isShared(kind))
  return [
    `#### ${name}`,
    summary,
    ...(params.length === 0 ? [] : ['Parameters:', memberList(params).join('\n')]),
    ...(result === undefined ? [] : resultText(result.schema)),
    ...(own.length === 0 ? [] : [`Errors of its own: ${own.map(kind => `\`${kind}\``).join(', ')}.`]),
  ]
}

function resultText(schema: JsonSchema): string[] {
  if (schema.$ref !== undefined) return [`Result: ${linkTo(schema.$ref)}.`]
  const members = membersOf(schema)
  return members.length === 0 ? ['Result: `{}`.'] : ['Result:', memberList(members).join('\n')]
}

if (import.meta.main) writeFileSync(page, protocolPage())
