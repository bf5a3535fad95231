import { lines } from '../help-text.ts'
import { type CompletedCommand, completedCommands, type CompletedFlag, programFlags } from './completed-command.ts'

/**
 * For bash 3.2 or later. It breaks words at `=`, so that `--flag=value` arrives as three of them. Candidates are read line by
 * line: a file may have any name.
 */
export function bashCompletion(): string {
  const commands = completedCommands()
  return lines(
    '# Completion of execgate for bash: source <(execgate completion bash)',
    '_execgate() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} inline= candidates= match',
    '  COMPREPLY=()',
    '  if [[ $current == = ]]; then',
    '    current= inline=yes',
    '  elif [[ $flag == = ]]; then',
    '    flag=${COMP_WORDS[COMP_CWORD-2]} inline=yes',
    '  fi',
    '  if ((COMP_CWORD == 1)); then',
    `    candidates='${[...commands.map(({ name }) => name), ...programFlags.map(dashed)].join(' ')}'`,
    '  else',
    '    case "${COMP_WORDS[1]} $flag" in',
    ...commands.flatMap(caseOfValues),
    '      *)',
    '        [[ -z $inline ]] || return 0',
    '        case ${COMP_WORDS[1]} in',
    ...commands.map(caseOfCommand),
    '        esac',
    '        ;;',
    '    esac',
    '  fi',
    '  while IFS= read -r match; do',
    '    COMPREPLY+=("$match")',
    '  done < <(compgen -W "$candidates" -- "$current")',
    '}',
    '_execgate_files() {',
    '  local match',
    '  while IFS= read -r match; do',
    '    COMPREPLY+=("$match")',
    '  done < <(compgen -f -- "$1")',
    '  compopt -o filenames 2>/dev/null || true',
    '}',
    'complete -F _execgate execgate',
  )
}

/** What may follow each flag that takes a value. */
function caseOfValues({ name, flags }: CompletedCommand): string[] {
  return flags.flatMap(flag => {
    const act = actOn(flag.value)
    return act === undefined ? [] : [`      '${name} ${dashed(flag)}') ${act} ;;`]
  })
}

function actOn(value: CompletedFlag['value']): string | undefined {
  switch (value?.kind) {
    case 'words':
      return `candidates='${value.words.join(' ')}'`
    case 'file':
      return '_execgate_files "$current" && return 0'
    case 'anything':
      return 'return 0'
    case undefined:
      return undefined
  }
}

function caseOfCommand({ name, flags, operands }: CompletedCommand): string {
  const words = operands.kind === 'words' ? operands.words : []
  const files = operands.kind === 'file' ? '[[ $current == -* ]] || { _execgate_files "$current"; return 0; }; ' : ''
  return `          ${name}) ${files}candidates='${[...words, ...flags.map(dashed)].join(' ')}' ;;`
}

function dashed({ name }: CompletedFlag): string {
  return `--${name}`
}
