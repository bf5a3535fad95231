import { lines } from '../help-text.ts'
import {
  type CompletedCommand,
  completedCommands,
  type CompletedFlag,
  type CompletedValue,
  programFlags,
} from './completed-command.ts'

/** For zsh 5, as a file on `fpath` or sourced. zshcompsys(1), _arguments and _describe */
export function zshCompletion(): string {
  const commands = completedCommands()
  return lines(
    '#compdef execgate',
    '# Completion of execgate for zsh: source <(execgate completion zsh), or a file _execgate on fpath',
    '_execgate() {',
    '  local -a commands flags',
    '  if ((CURRENT == 2)); then',
    '    commands=(',
    ...commands.map(({ name, summary }) => `      ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`),
    '    )',
    '    _describe -t commands command commands',
    `    _arguments -s : ${programFlags.map(specification).join(' ')}`,
    '    return',
    '  fi',
    '  shift words',
    '  ((CURRENT--))',
    '  case $words[1] in',
    ...commands.flatMap(caseOfCommand),
    '    *) return 1 ;;',
    '  esac',
    '  _arguments -S : $flags',
    '}',
    'if [[ $funcstack[1] == _execgate ]]; then',
    '  _execgate "$@"',
    'else',
    '  compdef _execgate execgate',
    'fi',
  )
}

function caseOfCommand({ name, flags, operands }: CompletedCommand): string[] {
  const rest = operands.kind === 'anything' ? [] : [quote(`*:argument:${actionOf(operands)}`)]
  return [
    `    ${name})`,
    '      flags=(',
    ...[...flags.map(specification), ...rest].map(line => `        ${line}`),
    '      )',
    '      ;;',
  ]
}

/** `--flag=[help]:VALUE:action`, where the sign of equality allows both ways to give the value. */
function specification({ name, help, value }: CompletedFlag): string {
  const described = `[${help.replaceAll(/[\\[\]:]/g, String.raw`\$&`)}]`
  if (value === undefined) return quote(`--${name}${described}`)
  return quote(`--${name}=${described}:${value.placeholder}:${actionOf(value)}`)
}

function actionOf(value: CompletedValue): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`
    case 'file':
      return '_files'
    case 'anything':
      return ' '
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
