import { type JsonSchema, sharedPrefix } from '../src/protocol/wire-schema.ts'

/** A member of an object, or a parameter. */
interface Member {
  readonly name: string
  readonly required: boolean
  readonly schema: JsonSchema
}

/** A list of members in Markdown, those of members below them. */
export function memberList(members: readonly Member[], indent = ''): string[] {
  return members.flatMap(({ name, required, schema }) => [
    `${indent}- \`${name}\`${described(schema, required)}`,
    ...below(schema, `${indent}  `),
  ])
}

/** The members of an object schema. */
export function membersOf({ properties = {}, required = [] }: JsonSchema): Member[] {
  return Object.entries(properties).map(([name, schema]) => ({ name, required: required.includes(name), schema }))
}

function described(schema: JsonSchema, required: boolean): string {
  const facts = [
    typeText(schema),
    ...(required ? [] : ['optional']),
    ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
  ]
  const { description } = schema
  return ` (${facts.join(', ')})${description === undefined ? '' : `: ${description}`}`
}

/** A link to the section of a schema that is described once. */
export function linkTo($ref: string): string {
  const name = $ref.slice(sharedPrefix.length)
  return `[${name}](#${name.toLowerCase()})`
}

/** The type in words; what an object holds is not part of it. */
function typeText(schema: JsonSchema): string {
  const { $ref, allOf, anyOf, oneOf, items, additionalProperties } = schema
  if ($ref !== undefined) return linkTo($ref)
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(code).join(' or ')
  const choices = allOf ?? anyOf ?? oneOf
  if (choices !== undefined) return [...new Set(choices.map(typeText))].join(' or ')
  if (schema.format === 'uri') return '`file:` URL'
  if (schema.contentEncoding === 'base64') return 'base64'
  if (items !== undefined) return `list of ${typeText(items)}`
  if (typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0) {
    return `map to ${typeText(additionalProperties)}`
  }
  const { type = 'anything' } = schema
  return typeof type === 'string' ? type : type.join(' or ')
}

/** What an object, a list of objects or a choice between objects holds. */
function below(schema: JsonSchema, indent: string): string[] {
  const objects = objectsIn(schema)
  const [only] = objects
  if (objects.length === 1 && only !== undefined) return memberList(membersOf(only), indent)
  return objects.flatMap(object => {
    const [tag, ...rest] = membersOf(object).toSorted((one, other) => Number(isTag(other)) - Number(isTag(one)))
    if (tag === undefined) return []
    return [
      `${indent}- with \`${tag.name}\` ${typeText(tag.schema)}${rest.length === 0 ? '' : ':'}`,
      ...memberList(rest, `${indent}  `),
    ]
  })
}

function objectsIn({ anyOf, oneOf, items, properties, ...rest }: JsonSchema): JsonSchema[] {
  if (properties !== undefined) return [{ properties, ...rest }]
  return [...(anyOf ?? oneOf ?? []), ...(items === undefined ? [] : [items])].flatMap(objectsIn)
}

/** Whether a member tells one choice from another. */
function isTag({ schema }: Member): boolean {
  return schema.const !== undefined
}

function code(value: unknown): string {
  return `\`${String(value)}\``
}
