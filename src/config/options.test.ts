import { describe, expect, test } from 'vitest'
import { commands, defaultOf, fileKeyOf, flagOf, optionKeys, options, takes, variableOf } from './options.ts'

describe.each(optionKeys)('option %s', key => {
  test('has defaults that it accepts itself', () => {
    for (const command of commands) {
      expect(options[key].value.schema.safeParse(defaultOf(key, command)).success).toBe(true)
    }
  })

  test('has a name in kebab-case that collides with no variable of Kubernetes', () => {
    expect(options[key].name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(options[key].name).not.toMatch(/^(port|service)(-|$)/)
    expect(['url', 'instance', 'config']).not.toContain(options[key].name)
  })

  test('has a flag that is not the negation of another one', () => {
    expect(options[key].name).not.toMatch(/^no-/)
  })

  test('is explained in one sentence', () => {
    expect(options[key].help).toMatch(/^[A-Z][^.]*\.$/)
  })

  test('is taken by a command', () => {
    expect(commands.some(command => takes(command, key))).toBe(true)
  })
})

test('no two options share a name', () => {
  expect(new Set(optionKeys.map(flagOf)).size).toBe(optionKeys.length)
})

test('flag, variable and file key derive from the name', () => {
  expect(flagOf('detachedSessionMs')).toBe('--detached-session')
  expect(variableOf('detachedSessionMs')).toBe('EXECGATE_DETACHED_SESSION')
  expect(fileKeyOf('detachedSessionMs')).toBe('detached_session')
})

test('a kept output always fits one reply of 16 MiB in base64', () => {
  const { schema } = options.detachedOutputBytes.value
  expect(schema.safeParse('11MiB').success).toBe(true)
  expect(schema.safeParse('12MiB').success).toBe(false)
})

test('sessions and closed processes outlive the 45 s in which a client recovers', () => {
  for (const key of ['detachedSessionMs', 'closedProcessMs'] as const) {
    expect(options[key].value.schema.safeParse('60s').success).toBe(true)
    expect(options[key].value.schema.safeParse('59s').success).toBe(false)
  }
})
