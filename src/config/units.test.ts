import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBytes, parseCount, parseDurationMs } from './units.ts'

describe('durations', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['80s', 80_000],
    ['2m', 120_000],
    ['24h', 86_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  test.each(['', '80', 's', '80 s', ' 80s', '80s\n', '1.5s', '-1s', '+1s', '1e3ms', '80S', '1d', '1m30s', '٣s'])(
    'refuses %j',
    text => {
      expect(parseDurationMs(text)).toBeUndefined()
    },
  )

  test('every whole number of every unit is read exactly', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('ms', 's', 'm', 'h'), (amount, unit) => {
        const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit]
        expect(parseDurationMs(`${amount}${unit}`)).toBe(amount * factor)
      }),
    )
  })
})

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['64KiB', 65_536],
    ['8MiB', 8_388_608],
    ['1GiB', 1_073_741_824],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  test.each(['', 'MiB', '8MB', '8M', '8mib', '8 MiB', '1.5MiB', '-1', '0x10', '8MiB '])('refuses %j', text => {
    expect(parseBytes(text)).toBeUndefined()
  })
})

test('a count is decimal digits only', () => {
  expect(parseCount('1024')).toBe(1024)
  for (const text of ['', '1_024', '1024.0', '1e3', '-1', ' 1']) expect(parseCount(text)).toBeUndefined()
})
