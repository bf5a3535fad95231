import { describe, expect, test } from 'vitest'
import { selectToml } from './toml-selection.ts'

const text = `
model = "m1"
count = 1_000
ratio = 1.0
when = 1979-05-27T07:32:00Z

[features]
x = true

[mcp_servers.one]
url = "http://a"

[mcp_servers."two.three"]
url = "http://b"
`

describe('a selection', () => {
  test.each([
    [[['model']], 'model = "m1"\n'],
    [[['model', 'sub']], 'model = "m1"\n'],
    [[['features', 'y']], '[features]\n'],
    [[['model'], ['features', 'x']], 'model = "m1"\n\n[features]\nx = true\n'],
    [[['count'], ['ratio']], 'count = 1000\nratio = 1.0\n'],
    [[['mcp_servers', 'two.three', 'url']], '[mcp_servers."two.three"]\nurl = "http://b"\n'],
    [
      [
        ['mcp_servers', 'one'],
        ['mcp_servers', 'one', 'none'],
      ],
      '[mcp_servers.one]\nurl = "http://a"\n',
    ],
    [[['none']], undefined],
    [[], undefined],
    [[['__proto__']], undefined],
  ])('of %j is %j', (paths, selected) => {
    expect(selectToml(text, paths)).toBe(selected)
  })

  test('of everything says the same again', () => {
    const whole = selectToml(text, [['model'], ['count'], ['ratio'], ['when'], ['features'], ['mcp_servers']]) ?? ''
    expect(selectToml(whole, [['when']])).toBe(selectToml(text, [['when']]))
    expect(whole).toContain('[mcp_servers.one]\nurl = "http://a"')
  })

  test('of what no reader takes does not come about', () => {
    const limits = 'a = 9223372036854775807\nb = -9223372036854775808\n'
    expect(selectToml(limits, [['a'], ['b']])).toBe(limits)
    for (const beyond of ['a = 9223372036854775808', '[[a]]\nx = [{y = -9223372036854775809}]']) {
      expect(() => selectToml(beyond, [['none']])).toThrow(/^ an integer does not fit into 64 bits$/)
    }
  })

  test('of what is no TOML says where', () => {
    expect(() => selectToml('a = \n', [['a']])).toThrow(/^1:5: invalid value$/)
  })
})
