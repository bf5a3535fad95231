import { describe, expect, test } from 'vitest'
import { processorTimeOf } from '../../test/support/processor-time.ts'
import { CapabilityPath } from './capability-path.ts'
import { declaredFiles } from './plugin-manifest.ts'

const root = new CapabilityPath('file:///p', Buffer.from('/p'))
const declared = (contents: string) => declaredFiles({ path: 'file:///p/plugin.json', contents }, root)

describe('what a manifest declares', () => {
  test.each([
    ['{}', 'file:///p/.mcp.json', 'file:///p/.app.json'],
    ['no JSON', 'file:///p/.mcp.json', 'file:///p/.app.json'],
    ['[1]', 'file:///p/.mcp.json', 'file:///p/.app.json'],
    ['{"mcpServers":{"a":{}}}', undefined, 'file:///p/.app.json'],
    ['{"mcpServers":"./x/servers.json","apps":"./apps.json"}', 'file:///p/x/servers.json', 'file:///p/apps.json'],
    ['{"mcpServers":["./x"],"apps":{"a":{}}}', 'file:///p/.mcp.json', 'file:///p/.app.json'],
    ['{"mcpServers":"./.","apps":"././"}', 'file:///p', 'file:///p'],
    ['{"apps":"./a b#.json"}', 'file:///p/.mcp.json', 'file:///p/a%20b%23.json'],
  ])('%s', (contents, mcpConfig, appsConfig) => {
    const files = declared(contents)
    expect([files.mcpConfig?.uri, files.appsConfig.uri]).toEqual([mcpConfig, appsConfig])
    expect(files.warnings).toEqual([])
  })

  test.each([
    ['/etc/passwd', 'path must start with `./`'],
    ['apps.json', 'path must start with `./`'],
    ['./', 'path must remain below the capability root'],
    ['.//etc/passwd', 'path must remain below the capability root'],
    ['./../x', 'path must remain below the capability root'],
    ['./a/../../x', 'path must remain below the capability root'],
    ['./a\\..\\x', 'path must remain below the capability root'],
  ])('%s is ignored with a warning', (path, why) => {
    const files = declared(JSON.stringify({ mcpServers: path, apps: path }))
    expect(files.mcpConfig?.uri).toBe('file:///p/.mcp.json')
    expect(files.appsConfig.uri).toBe('file:///p/.app.json')
    expect(files.warnings).toEqual([
      `ignoring mcpServers in file:///p/plugin.json: ${why}`,
      `ignoring apps in file:///p/plugin.json: ${why}`,
    ])
  })
})

describe('a path', () => {
  test('that is far down costs no more than some times what the parser of URLs does', () => {
    const relative = 'a/'.repeat(50_000)
    const parsing = processorTimeOf(() => {
      for (let time = 0; time < 20; time++) URL.parse(`file:///${relative}`)
    })
    expect(processorTimeOf(() => root.below(relative))).toBeLessThan(parsing)
  })

  test('knows its URI from the root of the file system on', () => {
    const top = new CapabilityPath('file:///', Buffer.from('/'))
    expect(top.parent).toBeUndefined()
    const below = top.below('a b/c')
    expect(below.uri).toBe('file:///a%20b/c')
    expect(below.native.toString()).toBe('/a b/c')
    expect(below.parent?.uri).toBe('file:///a%20b')
    expect(below.parent?.parent).toEqual(top)
    expect(below.name).toBe('c')
  })

  test('keeps the spelling of its root and the bytes of names', () => {
    const odd = new CapabilityPath('file:///%41', Buffer.from('/A'))
    const child = odd.child(Buffer.from([0xff]))
    expect(child.uri).toBe('file:///%41/%FF')
    expect(child.native.equals(Buffer.from([0x2f, 0x41, 0x2f, 0xff]))).toBe(true)
  })
})
