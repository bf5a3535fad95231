import type { z } from 'zod'
import { type ErrorKind, errorKinds } from './gateway-error.ts'
import { errorMeanings, methodNotes, notificationNotes, sharedErrors } from './method-notes.ts'
import { initializedNotification, type MethodName, methods, notifications } from './method-table.ts'
import { type JsonSchema, type Side, wireSchema } from './wire-schema.ts'

/** A parameter, or a result. */
export interface ContentDescriptor {
  readonly name: string
  readonly description?: string
  readonly required: boolean
  readonly schema: JsonSchema
}

/** A request; a notification when it has no result. */
export interface MethodObject {
  readonly name: string
  readonly summary: string
  readonly paramStructure: 'by-name'
  readonly params: readonly ContentDescriptor[]
  readonly tags?: readonly { readonly name: string }[]
  readonly result?: ContentDescriptor
  readonly errors?: readonly { readonly $ref: string }[]
}

interface ErrorObject {
  readonly code: number
  readonly message: string
}

/** A description of the protocol for programs, as far as it is used here: spec.open-rpc.org, 1.3.2. */
export interface OpenRpcDocument {
  readonly openrpc: '1.3.2'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly methods: readonly MethodObject[]
  readonly components: {
    readonly errors: Readonly<Record<string, ErrorObject>>
    /** Those that several messages hold. */
    readonly schemas: Readonly<Record<string, JsonSchema>>
  }
  /** An extension: OpenRPC knows no messages from the server. */
  readonly 'x-notifications': readonly MethodObject[]
}

/** The whole protocol, made from the method table. The version is that of the program. */
export function openRpcDocument(version: string): OpenRpcDocument {
  const described = new Descriptions()
  const names = Object.keys(methods) as MethodName[]
  const sent = Object.entries(notifications) as [keyof typeof notifications, z.ZodType][]
  return {
    openrpc: '1.3.2',
    info: {
      title: 'execgate',
      version,
      description:
        'JSON-RPC 2.0 without the `jsonrpc` member, over WebSocket or standard input and output. `x-notifications` are the ' +
        'messages of the gateway. docs/protocol.md tells what schemas cannot.',
    },
    methods: [...names.map(name => request(name, described)), notification(initializedNotification, [])],
    components: {
      errors: Object.fromEntries(
        Object.entries(errorKinds).map(([kind, { code }]) => [
          kind,
          { code, message: errorMeanings[kind as ErrorKind] },
        ]),
      ),
      schemas: described.shared,
    },
    'x-notifications': sent.map(([name, schema]) => notification(name, contents(described.of(schema, 'output')))),
  }
}

/** Describes schemas, and remembers those that are described once for all. */
class Descriptions {
  readonly shared: Record<string, JsonSchema> = {}

  of(schema: z.ZodType, side: Side): JsonSchema {
    const { schema: described, shared } = wireSchema(schema, side)
    Object.assign(this.shared, shared)
    return described
  }
}

function request(name: MethodName, described: Descriptions): MethodObject {
  const { family, params, result } = methods[name]
  const { summary, errors } = methodNotes[name]
  return {
    name,
    summary,
    ...(family !== undefined && { tags: [{ name: family }] }),
    paramStructure: 'by-name',
    params: contents(described.of(params, 'input')),
    result: { name: 'result', required: true, schema: described.of(result, 'output') },
    errors: [...sharedErrors, ...errors].map(kind => ({ $ref: `#/components/errors/${kind}` })),
  }
}

function notification(name: keyof typeof notificationNotes, params: readonly ContentDescriptor[]): MethodObject {
  return { name, summary: notificationNotes[name], paramStructure: 'by-name', params }
}

/** The members of an object. A schema of no parameters has none. */
function contents({ properties = {}, required = [] }: JsonSchema): ContentDescriptor[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    ...(schema.description !== undefined && { description: schema.description }),
    required: required.includes(name),
    schema,
  }))
}
