import * as metaSchemas from '@open-rpc/meta-schema'
import { Ajv } from 'ajv'
import type { OpenRpcDocument } from '../../src/protocol/openrpc.ts'
import type { JsonSchema } from '../../src/protocol/wire-schema.ts'

// The package declares its types and forgets its one value.
const { openrpcDocument: metaSchema } = metaSchemas as unknown as { openrpcDocument: Record<string, unknown> }

/** OpenRPC takes JSON Schema, draft 7, from an address of its own, and one of its definitions by a path. */
const jsonSchema = {
  allOf: [{ $ref: 'http://json-schema.org/draft-07/schema#' }],
  definitions: { JSONSchemaObject: { properties: { $ref: { type: 'string' } } } },
}

function checker(): Ajv {
  return new Ajv({ strict: false, allErrors: true, validateFormats: false })
}

/** What is wrong with an OpenRPC document: messages, none when it is right. */
export function problemsOfDocument(document: unknown): string[] {
  const ajv = checker()
  for (const address of ['https://meta.json-schema.tools', 'https://meta.json-schema.tools/']) {
    ajv.addSchema(jsonSchema, address)
  }
  const { $schema: _dialect, ...schema } = metaSchema
  return problems(ajv, schema, document)
}

/** What is wrong with a value that a schema of a document describes. */
export function problemsOfValue({ components }: OpenRpcDocument, schema: JsonSchema, value: unknown): string[] {
  return problems(checker(), { allOf: [schema], components }, value)
}

function problems(ajv: Ajv, schema: object, value: unknown): string[] {
  const validate = ajv.compile(schema)
  return validate(value) ? [] : (validate.errors ?? []).map(error => `${error.instancePath} ${error.message}`)
}
