import { z } from 'zod'

/** JSON Schema, draft 7, as far as the schemas of this protocol use it. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly format?: string
  readonly contentEncoding?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
}

/** Which side of a schema: what its writer may write, or what its reader reads. Defaults are optional on one side only. */
export type Side = 'input' | 'output'

/**
 * The JSON Schema of what goes over the wire. What a schema decodes to is not its business: a preprocessed value is described
 * by what it is checked against, and an integer of any size is an integer.
 */
export function wireSchema(schema: z.ZodType, side: Side): JsonSchema {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
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
      Object.assign(jsonSchema, { ...wireSchema(after, side), ...jsonSchema })
    },
  })
  return described as JsonSchema
}
