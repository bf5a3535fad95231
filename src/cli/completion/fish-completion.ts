import { lines } from '../help-text.ts'
import {
  type CompletedCommand,
  completedCommands,
  type CompletedFlag,
  type CompletedValue,
  programFlags,
} from './completed-command.ts'

const beforeCommand = '-n __fish_use_subcommand'

/** For fish 3 or later. complete(1) of fish */
export function fishCompletion(): string {
  const commands = completedCommands()
  return lines(
    '# Completion of execgate for fish: execgate completion fish | source',
    'complete -c execgate -f',
    ...commands.map(({ name, summary }) => `complete -c execgate ${beforeCommand} -a ${name} -d ${quote(summary)}`),
    ...programFlags.map(flag => completion(beforeCommand, flag)),
    ...commands.flatMap(ofCommand),
  )
}

function ofCommand({ name, flags, operands }: CompletedCommand): string[] {
  const condition = `-n '__fish_seen_subcommand_from ${name}'`
  return [
    ...flags.map(flag => completion(condition, flag)),
    ...(operands.kind === 'words' ? [`complete -c execgate ${condition} -a ${quote(operands.words.join(' '))}`] : []),
    ...(operands.kind === 'file' ? [`complete -c execgate ${condition} -F`] : []),
  ]
}

function completion(condition: string, { name, help, value }: CompletedFlag): string {
  return `complete -c execgate ${condition} -l ${name}${value === undefined ? '' : argumentOf(value)} -d ${quote(help)}`
}

function argumentOf(value: CompletedValue): string {
  switch (value.kind) {
    case 'words':
      return ` -x -a ${quote(value.words.join(' '))}`
    case 'file':
      return ' -r -F'
    case 'anything':
      return ' -x'
  }
}

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`
}
