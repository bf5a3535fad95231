import { describe, expect, it } from 'vitest'
import { restrictsFiles, SandboxIntent } from './sandbox-schemas.ts'

const special = (kind: string, access: string, more: object = {}) => ({
  path: { type: 'special', value: { kind, ...more } },
  access,
})
const at = (path: string, access: string) => ({ path: { type: 'path', path }, access })
const glob = (pattern: string, access: string) => ({ path: { type: 'glob_pattern', pattern }, access })

const intent = (permissions: object) => SandboxIntent.parse({ permissions, windowsSandboxLevel: 'disabled' })
const managed = (...entries: object[]) =>
  intent({ type: 'managed', file_system: { type: 'restricted', entries }, network: 'restricted' })

describe('an intent restricts files', () => {
  it.each([
    ['disabled', intent({ type: 'disabled' }), false, false],
    ['external, whatever the network', intent({ type: 'external', network: 'restricted' }), false, false],
    [
      'unrestricted, whatever the network',
      intent({ type: 'managed', file_system: { type: 'unrestricted' }, network: 'restricted' }),
      false,
      false,
    ],
    ['nothing granted', managed(), true, true],
    ['everything may be read', managed(special('root', 'read')), false, true],
    ['everything may be written', managed(special('root', 'write')), false, false],
    ['a workspace', managed(special('root', 'read'), special('project_roots', 'write')), false, true],
    ['a hole in reading', managed(special('root', 'write'), at('file:///etc', 'deny')), true, true],
    ['an older hole', managed(special('root', 'read'), at('file:///etc', 'none')), true, true],
    ['a hole by pattern', managed(special('root', 'write'), glob('**/.env', 'deny')), true, true],
    ['a hole in writing', managed(special('root', 'write'), at('file:///etc', 'read')), false, true],
    ['a pattern to be read', managed(special('root', 'write'), glob('*', 'read')), false, true],
    ['minimal reads beside', managed(special('root', 'write'), special('minimal', 'read')), false, false],
    ['a path of another platform', managed(special('root', 'write'), at('file:///C:/x', 'write')), true, true],
    ['a single directory', managed(at('file:///w', 'write')), true, true],
  ])('%s', (_what, permissions, fromReading, fromWriting) => {
    expect(restrictsFiles(permissions, 'read', 'linux')).toBe(fromReading)
    expect(restrictsFiles(permissions, 'write', 'linux')).toBe(fromWriting)
  })
})
