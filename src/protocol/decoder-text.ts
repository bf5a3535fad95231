import type { z } from 'zod'
import { describeJson, excerptOf } from './json-words.ts'
import { shorten } from './text-excerpt.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** Why parameters were refused. */
export interface RefusedParams {
  /** One sentence for a person, in the wording of the reference server's decoder. */
  readonly message: string
  /** The parameter at fault, as in `metadata.toolCallId` or `argv[0]`; `undefined` for the parameters as a whole. */
  readonly field: string | undefined
  /** Its value, shortened; `undefined` if it is missing. */
  readonly value: string | undefined
}

/** How a schema of ours words what it takes: `z.number({ error: 'expected u64' })`. */
const ownWording = 'expected '

const typeWords: Readonly<Record<string, string>> = {
  string: 'a string',
  boolean: 'a boolean',
  number: 'an integer',
  int: 'an integer',
  array: 'a sequence',
  object: 'a map',
  record: 'a map',
}

/**
 * Explains the first thing that is wrong with parameters. What a schema says itself comes through: an issue it adds
 * (`code: 'custom'`) is the whole message, and an error text that begins with `expected` completes ours.
 */
export function explainIssues(error: z.ZodError, input: unknown): RefusedParams {
  const issue = decisiveIssue(error.issues)
  if (issue === undefined) return { message: 'invalid value', field: undefined, value: undefined }
  const value = valueAt(input, issue.path)
  const isMissing = value === undefined && issue.path.length > 0
  return {
    message: isMissing ? describeMissing(issue.path) : describeIssue(issue, value),
    field: issue.path.length === 0 ? undefined : formatPath(issue.path),
    value: isMissing ? undefined : excerptOf(value),
  }
}

/** The first issue, with its whole path; of a union that refused the value, the first of the best branch. */
function decisiveIssue(issues: readonly Issue[], outer: Path = []): Issue | undefined {
  const [issue] = issues
  if (issue === undefined) return undefined
  const path = [...outer, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && !issue.message.startsWith(ownWording)) {
    return decisiveIssue(bestBranch(issue.errors), path)
  }
  return { ...issue, path }
}

/** The branch of a union that came furthest: one that took the type of the value, else the first. */
function bestBranch(branches: readonly Issue[][]): readonly Issue[] {
  const tookType = branches.find(([issue]) => issue?.code !== 'invalid_type' || issue.path.length > 0)
  return tookType ?? branches[0] ?? []
}

function describeMissing(path: Path): string {
  const field = formatPath(path.slice(-1))
  return `missing field \`${field}\`${path.length > 1 ? ` in \`${formatPath(path.slice(0, -1))}\`` : ''}`
}

function describeIssue(issue: Issue, value: unknown): string {
  if (issue.code === 'custom' && !issue.message.startsWith(ownWording)) return issue.message
  const place = issue.path.length === 0 ? '' : ` for \`${formatPath(issue.path)}\``
  const choices = choicesOf(issue)
  if (choices !== undefined && typeof value === 'string') {
    return `unknown variant \`${shorten(value)}\`, expected ${listChoices(choices)}${place}`
  }
  const problem = isTypeProblem(issue, value) ? 'invalid type' : 'invalid value'
  return `${problem}: ${describeJson(value)}, ${describeExpectation(issue, value)}${place}`
}

/** The values an enum, or the tag of a union, may have. */
function choicesOf(issue: Issue): readonly unknown[] | undefined {
  if (issue.code === 'invalid_value') return issue.values
  return issue.code === 'invalid_union' && 'options' in issue ? issue.options : undefined
}

function listChoices(choices: readonly unknown[]): string {
  const quoted = choices.map(choice => `\`${String(choice)}\``)
  return quoted.length > 2 ? `one of ${quoted.join(', ')}` : quoted.join(' or ')
}

/** An integer in place of an integer has the right type, whatever its size. */
function isTypeProblem(issue: Issue, value: unknown): boolean {
  if (issue.code === 'invalid_type') return !(isInteger(value) && typeWords[issue.expected] === typeWords['number'])
  return ['custom', 'unrecognized_keys', 'invalid_union', 'invalid_value'].includes(issue.code)
}

function describeExpectation(issue: Issue, value: unknown): string {
  if (issue.message.startsWith(ownWording)) return issue.message
  if (choicesOf(issue) !== undefined) return 'expected a string'
  switch (issue.code) {
    case 'invalid_type':
      // An integer that is refused in place of an integer is a bigint.
      return isTypeProblem(issue, value)
        ? `expected ${typeWords[issue.expected] ?? issue.expected}`
        : `expected an integer up to ${Number.MAX_SAFE_INTEGER}`
    case 'too_small':
      return `expected at least ${issue.minimum}`
    case 'too_big':
      return `expected at most ${issue.maximum}`
    default:
      return shorten(issue.message.charAt(0).toLowerCase() + issue.message.slice(1))
  }
}

function isInteger(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** The part of the input an issue is about; `undefined` if it is absent. */
function valueAt(input: unknown, path: Path): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

/** Members after a dot, items in brackets. Keys of maps come from the peer and are shortened. */
function formatPath(path: Path): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else text += `${text === '' ? '' : '.'}${shorten(String(key))}`
  }
  return text
}
