import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EnvironmentPolicy } from '../protocol/process-schemas.ts'
import { childEnvironment } from './child-environment.ts'

type Variables = Readonly<Record<string, string>>

/** The definition of a name pattern, written down as it is said. */
function isLike(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return name.length === 0
  if (first === '*') return name.some((_, index) => isLike(rest, name.slice(index))) || isLike(rest, [])
  return name[0] !== undefined && (first === '?' || first === name[0]) && isLike(rest, name.slice(1))
}

const lower = (text: string) => Array.from(text, character => character.toLowerCase())
const matchesAny = (patterns: readonly string[], name: string) =>
  patterns.some(pattern => isLike(lower(pattern), lower(name)))

const core = 'PATH SHELL TMPDIR TEMP TMP HOME LANG LC_ALL LC_CTYPE LOGNAME USER'.split(' ')
const withheld = [
  'CODEX_EXEC_SERVER_NOISE_AUTH_TOKEN',
  'NODE_REPL_AUTH_TOKEN',
  'OPENAI_FEDERATION_RULE_ID',
  'OPENAI_IDENTITY_TOKEN_FILE',
  'OPENAI_WORKLOAD_IDENTITY_CONTEXT',
]

/** ASCII alone: `ı` and `ſ` have upper cases in ASCII. */
function isAnyCaseOf(listed: string, name: string): boolean {
  return name.length === Buffer.byteLength(name) && name.toUpperCase() === listed
}

/** Section "Environment" of docs/protocol.md, decided for one name at a time. */
function valueByTheBook(name: string, policy: EnvironmentPolicy | null, overlay: Variables, inherited: Variables) {
  if (name === 'CODEX_EXEC_SERVER_EXIT_ON_STDIN_CLOSE') return undefined
  if (withheld.some(listed => isAnyCaseOf(listed, name))) return undefined
  if (Object.hasOwn(overlay, name)) return overlay[name]
  if (policy === null) return undefined
  if (policy.includeOnly.length > 0 && !matchesAny(policy.includeOnly, name)) return undefined
  if (Object.hasOwn(policy.set, name)) return policy.set[name]
  if (matchesAny(policy.exclude, name)) return undefined
  if (!policy.ignoreDefaultExcludes && ['key', 'secret', 'token'].some(word => lower(name).join('').includes(word))) {
    return undefined
  }
  const isInherited = { all: true, none: false, core: core.some(listed => isAnyCaseOf(listed, name)) }[policy.inherit]
  return isInherited && Object.hasOwn(inherited, name) ? inherited[name] : undefined
}

/** Few names that are alike, so that sources and patterns meet. */
const name = fc.oneof(
  fc.constantFrom('PATH', 'Path', 'HOME', 'LC_ALL', 'LC_TIME', 'uſer', 'A', 'AB', 'ab', 'aß', '', '__proto__', 'a*b'),
  fc.constantFrom('API_KEY', 'MonKEYs', 'my_secret_x', 'TOKENS', 'to\u212Aen', 'CODEX_EXEC_SERVER_EXIT_ON_STDIN_CLOSE'),
  fc.constantFrom(...withheld, 'node_repl_auth_token', 'codex_exec_server_exit_on_stdin_close', 'OPENAI_API_KEY'),
  fc.string({ unit: fc.constantFrom('A', 'b', 'Ä', '😀', '_'), maxLength: 3 }),
)
const pattern = fc.oneof(
  name,
  fc.string({ unit: fc.constantFrom('*', '*', '?', 'a', 'B', 'ä', '😀', '_', 'P'), maxLength: 4 }),
  fc.tuple(fc.constantFrom('*', '?', ''), name).map(parts => parts.join('')),
)
const variables = (value: string) => fc.dictionary(name, fc.constant(value), { maxKeys: 6, noNullPrototype: true })
const patterns = fc.array(pattern, { maxLength: 3 })
const policy = fc.option(
  fc.record({
    inherit: fc.constantFrom('all', 'all', 'core', 'none'),
    ignoreDefaultExcludes: fc.boolean(),
    exclude: patterns,
    set: variables('set'),
    includeOnly: patterns,
  }),
  { freq: 10 },
)

test('each variable is there or not as the rules say for it, whatever the policy', () => {
  fc.assert(
    fc.property(policy, variables('overlay'), variables('inherited'), (given, overlay, inherited) => {
      const computed = childEnvironment({ policy: given, overlay, inherited: new Map(Object.entries(inherited)) })
      const names = new Set([overlay, inherited, given?.set ?? {}].flatMap(source => Object.keys(source)))
      const expected = [...names].flatMap(each => {
        const value = valueByTheBook(each, given, overlay, inherited)
        return value === undefined ? [] : [[each, value] as const]
      })
      expect(new Map(computed)).toEqual(new Map(expected))
    }),
    { numRuns: 10_000 },
  )
})
