import { z } from 'zod'

/** JSON Schema, draft 7, as far as the schemas of this protocol use it. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly format?: string
  readonly contentEncoding?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  /** Holds a reference that has a description beside it. */
  readonly allOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
}

/** Which side of a schema: what its writer may write, or what its reader reads. Defaults are optional on one side only. */
export type Side = 'input' | 'output'

/** A schema, and those it refers to: schemas that have an id, which are described once. */
export interface WireSchema {
  readonly schema: JsonSchema
  readonly shared: Readonly<Record<string, JsonSchema>>
}

/** Where an OpenRPC document has the schemas with an id. */
export const sharedPrefix = '#/components/schemas/'

/**
 * The JSON Schema of what goes over the wire. What a schema decodes to is not its business: a preprocessed value is described
 * by what it is checked against, and an integer of any size is an integer.
 */
export function wireSchema(schema: z.ZodType, side: Side): WireSchema {
  const {
    $schema: _dialect,
    definitions = {},
    ...described
  } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: side,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodBigInt) jsonSchema.type = 'integer'
      if (side === 'output') {
        // Readers ignore what they do not know.
        if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
        return
      }
      if (!(zodSchema instanceof z.ZodPipe)) return
      const { in: before, out: after } = zodSchema
      if (!(before instanceof z.ZodTransform) || !(after instanceof z.ZodType)) return
      Object.assign(jsonSchema, { ...wireSchema(after, side).schema, ...jsonSchema })
    },
  })
  return pointingToShared({ schema: described as JsonSchema, shared: definitions as Record<string, JsonSchema> })
}

function pointingToShared(described: WireSchema): WireSchema {
  const text = JSON.stringify(described).replaceAll('"$ref":"#/definitions/', `"$ref":"${sharedPrefix}`)
  return JSON.parse(text) as WireSchema
}
