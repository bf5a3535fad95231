import { describe, expect, test } from 'vitest'
import { commands, defaultOf, fileKeyOf, optionKeys, options, takes, variableOf } from '../config/options.ts'
import { commandHelp, programHelp, versionText } from './help.ts'

test.each([programHelp(), ...commands.map(commandHelp)])(
  'text %# fits 100 columns and ends with a line break',
  text => {
    const lines = text.split('\n')
    expect(lines.pop()).toBe('')
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(100)
      expect(line).toBe(line.trimEnd())
    }
  },
)

test('the program lists its commands', () => {
  for (const command of commands) expect(programHelp()).toMatch(new RegExp(`^  ${command} +[A-Z].*\\.$`, 'm'))
})

describe.each(commands)('the help of %s', command => {
  const text = commandHelp(command)
  const oneLine = text.replaceAll(/\s+/g, ' ')

  test.each(optionKeys.filter(key => takes(command, key)))('describes %s', key => {
    const { name, value, help } = options[key]
    expect(text).toMatch(new RegExp(`^  --(\\[no-\\])?${name}( [A-Z]+)?$`, 'm'))
    expect(oneLine).toContain(
      `${help} Default: ${defaultOf(key, command) || 'empty'}. Allowed: ${value.allowed}. ` +
        `Variable: ${variableOf(key)}. File key: ${fileKeyOf(key)}.`,
    )
  })

  test('shows a placeholder for every value and none for a switch', () => {
    expect(text).toMatch(/^ {2}--listen URL$/m)
    expect(text).toMatch(/^ {2}--grace DURATION$/m)
    expect(text).toMatch(/^ {2}--\[no-\]watchdog$/m)
  })

  test('leaves out what the command does not take', () => {
    for (const key of optionKeys.filter(candidate => !takes(command, candidate))) {
      expect(text).not.toContain(options[key].name)
    }
  })

  test('names the configuration file options and the exit status', () => {
    expect(text).toContain('--config PATH')
    expect(text).toContain('EXECGATE_CONFIG')
    expect(text).toContain('Exit status')
  })
})

test('the version is a line of name and number', () => {
  expect(versionText).toMatch(/^execgate \d+\.\d+\.\d+\S*\n$/)
})
