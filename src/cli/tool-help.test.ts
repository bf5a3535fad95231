import { describe, expect, test } from 'vitest'
import { programHelp } from './help.ts'
import { toolHelp } from './tool-help.ts'
import { toolNames, tools } from './tool-table.ts'

describe.each(toolNames)('the help of %s', name => {
  const text = toolHelp(name)

  test('fits 100 columns and ends with a line break', () => {
    const lines = text.split('\n')
    expect(lines.pop()).toBe('')
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(100)
      expect(line).toBe(line.trimEnd())
    }
  })

  test('describes its flags and its exit status', () => {
    for (const flag of Object.keys(tools[name].flags)) expect(text).toMatch(new RegExp(`^  --${flag}( [A-Z]+)?$`, 'm'))
    expect(text).toContain('Exit status: 0')
  })

  test('is announced by that of the program', () => {
    expect(programHelp()).toMatch(new RegExp(`^  ${name} +[A-Z].*\\.$`, 'm'))
  })
})

test('operands stand behind the options', () => {
  expect(toolHelp('kill')).toMatch(/^Usage: execgate kill \[OPTION\]\.\.\. SESSION\/PROCESS\.\.\.\n/)
  expect(toolHelp('ps')).toMatch(/^Usage: execgate ps \[OPTION\]\.\.\.\n/)
})
