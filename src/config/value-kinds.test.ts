import { describe, expect, test } from 'vitest'
import { choice, count, duration, folders, listenUrl, size, toggle, type ValueKind } from './value-kinds.ts'

const aDuration = duration({ min: '60s', max: '24h' })
const aSize = size({ min: '1MiB', max: '11MiB' })
const aCount = count({ min: '1100', max: '65536' })

describe('accepted values', () => {
  test.each<[ValueKind<unknown>, unknown, unknown]>([
    [aDuration, '60s', 60_000],
    [aDuration, '24h', 86_400_000],
    [aSize, '1MiB', 1_048_576],
    [aSize, '11534336', 11_534_336],
    [aSize, 11_534_336n, 11_534_336],
    [aCount, '1100', 1100],
    [aCount, 65_536n, 65_536],
    [count({ min: '1' }), '9007199254740991', Number.MAX_SAFE_INTEGER],
    [toggle(), true, true],
    [toggle(), 'TRUE', true],
    [toggle(), 'yes', true],
    [toggle(), 'on', true],
    [toggle(), '1', true],
    [toggle(), false, false],
    [toggle(), 'False', false],
    [toggle(), 'no', false],
    [toggle(), 'off', false],
    [toggle(), '0', false],
    [choice(['info', 'debug']), 'debug', 'debug'],
    [listenUrl(), 'stdio', { transport: 'stdio' }],
    [folders(), '', []],
    [folders(), '/srv/a,/srv/b', ['/srv/a', '/srv/b']],
    [folders(), ['/srv/a,b'], ['/srv/a,b']],
  ])('%# reads %o', ({ schema }, given, value) => {
    expect(schema.parse(given)).toEqual(value)
  })
})

describe('refused values', () => {
  const durationWords = 'a duration of 60s to 24h, written with its unit: 500ms, 80s, 2m or 1h'
  const sizeWords = 'a size of 1MiB to 11MiB, written as 64KiB, 8MiB, 1GiB or plain bytes'
  const toggleWords = 'true, yes, on, 1, false, no, off or 0'
  test.each<[ValueKind<unknown>, unknown, string]>([
    [aDuration, '59999ms', `\`59999ms\` is not ${durationWords}`],
    [aDuration, '25h', `\`25h\` is not ${durationWords}`],
    [aDuration, '80', `\`80\` is not ${durationWords}`],
    [aDuration, 80n, `\`80\` is not ${durationWords}`],
    [aDuration, `${'9'.repeat(400)}s`, `\`${'9'.repeat(63)}…\` is not ${durationWords}`],
    [aSize, '12MiB', `\`12MiB\` is not ${sizeWords}`],
    [aSize, -1n, `\`-1\` is not ${sizeWords}`],
    [aSize, 2_000_000.5, `\`2000000.5\` is not ${sizeWords}`],
    [aCount, '1099', '`1099` is not a whole number of 1100 to 65536'],
    [aCount, 2n ** 70n, '`1180591620717411303424` is not a whole number of 1100 to 65536'],
    [aCount, ['1100'], 'a list is not a whole number of 1100 to 65536'],
    [count({ min: '1' }), '0', '`0` is not a whole number of at least 1'],
    [toggle(), 'maybe', `\`maybe\` is not ${toggleWords}`],
    [toggle(), 1n, `\`1\` is not ${toggleWords}`],
    [toggle(), 'constructor', `\`constructor\` is not ${toggleWords}`],
    [choice(['info', 'debug']), 'INFO', '`INFO` is not one of info, debug'],
    [folders(), '/srv,work', '`/srv,work` is not absolute paths, separated by commas'],
    [folders(), ['/srv', 1n], 'a list is not absolute paths, separated by commas'],
    [listenUrl(), 7777n, '`7777` is not ws://IP:PORT or stdio'],
    [listenUrl(), 'ws://x\n', 'invalid websocket --listen URL `ws://x\\u{a}`; expected `ws://IP:PORT`'],
  ])('%# refuses %o in a sentence', ({ schema }, given, sentence) => {
    expect(schema.safeParse(given).error?.issues.map(({ message }) => message)).toEqual([sentence])
  })
})

test('bounds that are not written as values are a mistake of the table', () => {
  expect(() => duration({ min: '60', max: '24h' })).toThrow(RangeError)
  expect(() => size({ min: '1', max: '1MB' })).toThrow(RangeError)
})
