import { expect, it } from 'vitest'
import { ProgressBar } from './progress-bar.ts'

function terminal(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, written, write: (text: string) => written.push(text) > 0 }
}

it('shows on a terminal how far it is, once for each step that can be seen', () => {
  const screen = terminal(true)
  {
    using bar = new ProgressBar(screen)
    bar.show(0.5, 'a')
    bar.show(0.5001, 'a')
    bar.show(1, 'b')
  }
  expect(screen.written).toEqual([
    `\r\x1b[K${'█'.repeat(15)}${'░'.repeat(15)}  50 % a`,
    `\r\x1b[K${'█'.repeat(30)} 100 % b`,
    '\r\x1b[K',
  ])
})

it.each([
  [20, '█'.repeat(15) + '░'.repeat(4)],
  [0, `${'█'.repeat(15)}${'░'.repeat(15)}  50 % label`],
])('leaves the last of %i columns empty, so that the line is not broken', (columns, line) => {
  const screen = { ...terminal(true), columns }
  using bar = new ProgressBar(screen)
  bar.show(0.5, 'label')
  expect(screen.written).toEqual([`\r\x1b[K${line}`])
})

it('writes nothing where nobody watches', () => {
  const file = terminal(false)
  {
    using bar = new ProgressBar(file)
    bar.show(0.5, 'a')
  }
  expect(file.written).toEqual([])
})

it('leaves a line alone that it has not written to', () => {
  const screen = terminal(true)
  new ProgressBar(screen)[Symbol.dispose]()
  expect(screen.written).toEqual([])
})
