import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { isInstalled } from '../../../test/support/installed-programs.ts'
import { ScratchFolder } from '../../../test/support/scratch-folder.ts'
import { commands, flagOf, optionKeys, takes } from '../../config/options.ts'
import { runFlags } from '../run-arguments.ts'
import { toolNames } from '../tool-table.ts'
import { bashCompletion } from './bash-completion.ts'
import { completedCommands } from './completed-command.ts'
import { fishCompletion } from './fish-completion.ts'
import { zshCompletion } from './zsh-completion.ts'

/** Runs a script of a shell in a folder and answers the lines it prints. */
function linesOf(shell: string, argv: readonly string[], cwd = '/'): string[] {
  const { status, stdout, stderr } = spawnSync(shell, argv, { encoding: 'utf8', cwd })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('\n').filter(Boolean)
}

describe.skipIf(!isInstalled('bash'))('bash', () => {
  const ask = `${bashCompletion()}COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _execgate; printf '%s\\n' "\${COMPREPLY[@]}"`

  /** What is offered for the last word. */
  function offered(words: string[], cwd?: string): string[] {
    return linesOf('bash', ['--norc', '-u', '-c', ask, 'bash', 'execgate', ...words], cwd)
  }

  test('offers every command, and what begins with what was typed', () => {
    expect(offered([''])).toEqual([...commands, 'run', 'load', ...toolNames, '--help', '--version'])
    expect(offered(['k'])).toEqual(['kill'])
    expect(offered(['nothing'])).toEqual([])
  })

  test.each(commands)('offers every flag of %s', command => {
    const flags = optionKeys.filter(key => takes(command, key)).map(flagOf)
    expect(offered([command, '--'])).toEqual(expect.arrayContaining([...flags, '--config', '--help']))
    expect(offered([command, '--no-wat'])).toEqual(['--no-watchdog'])
  })

  test('offers flags of the command alone', () => {
    expect(offered(['ps', '--'])).toEqual(['--url', '--all', '--json', '--help'])
    expect(offered(['serve', '--concurrent'])).toEqual([])
  })

  test('offers the words a value may be, behind a space and behind a sign of equality', () => {
    expect(offered(['serve', '--leaks', ''])).toEqual(['report', 'reap', 'off'])
    expect(offered(['serve', '--leaks', 're'])).toEqual(['report', 'reap'])
    expect(offered(['serve', '--grace', '5s', '--leaks', '='])).toEqual(['report', 'reap', 'off'])
    expect(offered(['serve', '--leaks', '=', 'o'])).toEqual(['off'])
    expect(offered(['completion', ''])).toEqual(['bash', 'zsh', 'fish', '--help'])
  })

  test('offers flags and words of the clients', () => {
    expect(offered(['run', '--'])).toEqual([...runFlags.map(({ name }) => `--${name}`), '--help'])
    expect(offered(['load', '--max-p5'])).toEqual(['--max-p50'])
    expect(offered(['load', 'p'])).toEqual(['ping'])
    expect(offered(['load', '--completion', 'b'])).toEqual(['both'])
  })

  test('offers files where they are copied, and for a report', () => {
    using folder = new ScratchFolder()
    folder.write('a file', '')
    folder.write('another', '')
    expect(offered(['cp', ''], folder.path)).toEqual(['a file', 'another'])
    expect(offered(['cp', 'another', 'a '], folder.path)).toEqual(['a file'])
    expect(offered(['cp', '--'], folder.path)).toEqual(['--url', '--help'])
    expect(offered(['load', '--html', 'an'], folder.path)).toEqual(['another'])
  })

  test('offers nothing where nothing is known', () => {
    expect(offered(['serve', '--grace', ''])).toEqual([])
    expect(offered(['serve', '--watchdog', '='])).toEqual([])
    expect(offered(['nonsense', '--'])).toEqual([])
  })

  test('offers files for the configuration, whatever their names', () => {
    using folder = new ScratchFolder()
    folder.write('a file *.toml', '')
    folder.write('b.toml', '')
    expect(offered(['serve', '--config', 'a'], folder.path)).toEqual(['a file *.toml'])
    expect(offered(['serve', '--config', '=', 'b'], folder.path)).toEqual(['b.toml'])
  })
})

describe.skipIf(!isInstalled('zsh'))('zsh', () => {
  test('understands the script', () => {
    expect(linesOf('zsh', ['-f', '-n', '-c', zshCompletion()])).toEqual([])
  })
})

describe.skipIf(!isInstalled('fish'))('fish', () => {
  test('offers commands, flags and words', () => {
    using folder = new ScratchFolder()
    folder.write('another', '')
    const offered = (line: string) =>
      linesOf('fish', ['--no-config', '-c', `${fishCompletion()}complete -C '${line}'`], folder.path).map(
        said => said.split('\t')[0],
      )
    expect(offered('execgate k')).toEqual(['kill'])
    expect(offered('execgate serve --leaks ').toSorted()).toEqual(['off', 'reap', 'report'])
    expect(offered('execgate ps --a')).toEqual(['--all'])
    expect(offered('execgate cp an')).toEqual(['another'])
    expect(offered('execgate load --html an')).toEqual(['another'])
    expect(offered('execgate kill an')).toEqual([])
  })
})

describe.each([
  ['zsh', zshCompletion(), (flag: string) => `'--${flag}`],
  ['fish', fishCompletion(), (flag: string) => ` -l ${flag} `],
] as const)('the script for %s', (_shell, script, written) => {
  test('names every command and every flag', () => {
    for (const { name, flags } of completedCommands()) {
      expect(script).toContain(name)
      for (const flag of flags) expect(script).toContain(written(flag.name))
    }
  })

  test('has every quotation closed', () => {
    for (const line of script.split('\n').filter(text => !text.startsWith('#'))) {
      const quotes = line.replaceAll(/\\./g, '').match(/'/g) ?? []
      expect(quotes.length % 2, line).toBe(0)
    }
  })
})
