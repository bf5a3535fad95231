import { expect, test } from 'vitest'
import { z } from 'zod'
import { base64, pathUri, u64 } from './scalars.ts'
import { wireSchema } from './wire-schema.ts'

test('a member with a default may be left out by who writes, and is there for who reads', () => {
  const schema = z.object({ tty: z.boolean().default(false) })
  expect(wireSchema(schema, 'input').schema).toEqual({
    type: 'object',
    properties: { tty: { type: 'boolean', default: false } },
  })
  expect(wireSchema(schema, 'output').schema).toMatchObject({ required: ['tty'] })
})

test('a reader is told of no bound on members', () => {
  expect(JSON.stringify(wireSchema(z.object({ inner: z.object({}) }), 'output'))).not.toContain('additionalProperties')
})

test.each([
  ['u64', u64, { type: 'integer', minimum: 0 }],
  ['pathUri', pathUri, { type: 'string', format: 'uri' }],
  ['base64', base64, { type: 'string', contentEncoding: 'base64' }],
  ['any big integer', z.preprocess(Number, z.bigint()), { type: 'integer' }],
])('%s is described as it is written', (_name, schema, expected) => {
  expect(wireSchema(schema, 'input').schema).toEqual(expected)
  const { properties } = wireSchema(z.object({ member: schema.optional() }), 'input').schema
  expect(properties).toEqual({ member: expected })
})

test('a schema with an id is described once and referred to', () => {
  const thing = z.object({ size: z.number() }).meta({ id: 'WireSchemaTestThing' })
  const { schema, shared } = wireSchema(z.object({ one: thing, other: thing.nullish() }), 'input')
  const reference = { $ref: '#/components/schemas/WireSchemaTestThing' }
  expect(schema.properties).toEqual({ one: reference, other: { anyOf: [reference, { type: 'null' }] } })
  expect(shared).toEqual({
    WireSchemaTestThing: { type: 'object', properties: { size: { type: 'number' } }, required: ['size'] },
  })
})
