import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { diagnose } from './doctor.ts'
import { thisMachine } from './machine.ts'

const machine = thisMachine()

test('a gateway can run on the machine of the tests', async () => {
  const { findings } = await diagnose(machine)
  const needed = findings.filter(({ isNeeded }) => isNeeded)
  expect(needed.filter(({ isOk }) => !isOk)).toEqual([])
  expect(needed.length).toBeGreaterThan(0)
})

test('a program is run to its end, and what it says is heard', async () => {
  using folder = new ScratchFolder()
  const script = folder.write('script', '#!/bin/sh\necho "$1"; echo bad >&2; exit 3')
  expect(await machine.run(script, 'good')).toEqual({ isSuccess: false, said: 'good\nbad' })
  expect(await machine.run('true')).toEqual({ isSuccess: true, said: '' })
})

test('a program that is not there, or may not be executed, is no success', async () => {
  using folder = new ScratchFolder()
  await expect(machine.run('/nowhere/program')).rejects.toThrow('/nowhere/program is not on PATH')
  const text = folder.write('text', 'hello', 0o644)
  expect(await machine.run(text).catch(String)).toMatchObject({
    isSuccess: false,
    said: expect.stringContaining('EACCES'),
  })
})

test('a program that says more than anybody wants to hear is no success', async () => {
  const { isSuccess } = await machine.run('head', '-c', '100000', '/dev/zero')
  expect(isSuccess).toBe(false)
})

test('an address that is not there cannot be listened on', async () => {
  await expect(machine.bind('192.0.2.1')).rejects.toThrow('EADDRNOTAVAIL')
})

test('files that are not there can be neither written nor executed', () => {
  expect(machine.mayWrite('/nowhere')).toBe(false)
  expect(machine.mayExecute('/nowhere')).toBe(false)
  expect(machine.mayExecute('/bin/sh')).toBe(true)
})

test('the C library tells a limit as /proc does', () => {
  const [, shown] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  const openFiles = 7
  expect(machine.libc().limitOf(0, openFiles)).toBe(Number(shown))
  expect(() => machine.libc().limitOf(0, 999)).toThrow('Invalid argument (os error 22)')
})

test('the C library tells the version of landlock, or why there is none', () => {
  const tell = () => {
    try {
      return machine.libc().landlockVersion()
    } catch (error) {
      return String(error)
    }
  }
  // Not in the kernel, turned off at boot, or kept away by seccomp.
  expect(String(tell())).toMatch(/^[1-9]\d*$|\(os error (?:38|95|1)\)$/)
})
