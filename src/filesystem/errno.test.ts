import { open, rmdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../protocol/gateway-error.ts'
import { isErrno, systemError, translated } from './errno.ts'

async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt
  } catch (error) {
    return error
  }
  throw new Error('did not fail')
}

describe('a failed system call', () => {
  it('is told in the words of the C library', async () => {
    const error = await failureOf(open('/nonexistent/file'))
    expect(isErrno(error, 'ENOENT')).toBe(true)
    expect(translated(error)).toMatchObject({
      kind: 'notFound',
      code: -32004,
      message: 'No such file or directory (os error 2)',
    })
  })

  it('is refused when it has no meaning of its own', async () => {
    const error = await failureOf(rmdir('/etc/passwd'))
    expect(translated(error)).toMatchObject({ code: -32603, message: 'Not a directory (os error 20)' })
  })

  it('keeps a number nobody has a text for', () => {
    const unknown = Object.assign(new Error('odd'), { errno: -133 })
    expect(translated(unknown)).toMatchObject({
      kind: 'refused',
      message: 'No error information (os error 133)',
      data: undefined,
    })
  })

  it.each([
    ['EACCES', -32600, 'Permission denied (os error 13)'],
    ['EPERM', -32600, 'Operation not permitted (os error 1)'],
    ['EINVAL', -32600, 'Invalid argument (os error 22)'],
    ['EROFS', -32603, 'Read-only file system (os error 30)'],
    ['ELOOP', -32603, 'Symbolic link loop (os error 40)'],
    ['ENAMETOOLONG', -32603, 'Filename too long (os error 36)'],
    ['EISDIR', -32603, 'Is a directory (os error 21)'],
    ['ENOTEMPTY', -32603, 'Directory not empty (os error 39)'],
  ] as const)('answers %s with %i', (name, code, message) => {
    expect(systemError(name)).toMatchObject({ code, message, data: { errno: name } })
  })

  it('leaves everything else alone', () => {
    const own = new GatewayError('refused', 'for a reason')
    const bug = new TypeError('a defect')
    expect(translated(own)).toBe(own)
    expect(translated(bug)).toBe(bug)
    expect(translated('text')).toBe('text')
  })
})
