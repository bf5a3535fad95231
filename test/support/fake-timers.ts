import { onTestFinished, vi } from 'vitest'

/** Time is the test's until its end, but only what is waited with: sockets go on by themselves. */
export function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}
