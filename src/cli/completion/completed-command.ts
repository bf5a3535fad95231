import { configFlag, isSwitch } from '../../config/flags.ts'
import { type Command, commands, flagOf, type OptionKey, optionKeys, options, takes } from '../../config/options.ts'
import { summaries } from '../help.ts'
import { type Tool, type ToolName, toolNames, tools } from '../tool-table.ts'

/** What may follow a flag. */
export type CompletedValue =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  /** Nothing is known about it. */
  | { readonly kind: 'anything' }

export interface CompletedFlag {
  /** Without dashes. */
  readonly name: string
  readonly help: string
  /** What stands for the value in the help, and what it may be; absent for a switch. */
  readonly value?: CompletedValue & { readonly placeholder: string }
}

/** One command as shells complete it. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly CompletedFlag[]
  /** What may follow beside flags, as far as it is known. */
  readonly operands: readonly string[]
}

const help: CompletedFlag = { name: 'help', help: 'Print what the command does and takes.' }

/** Flags of the program itself. */
export const programFlags: readonly CompletedFlag[] = [help, { name: 'version', help: 'Print the version.' }]

/** Every command of the program. */
export function completedCommands(): CompletedCommand[] {
  return [...commands.map(completedGateway), ...toolNames.map(completedTool)]
}

function completedGateway(command: Command): CompletedCommand {
  const flags = optionKeys.filter(key => takes(command, key)).flatMap(flagsOf)
  const config: CompletedFlag = {
    name: configFlag.slice(2),
    help: 'Read this TOML file.',
    value: { kind: 'file', placeholder: 'PATH' },
  }
  return { name: command, summary: summaries[command], flags: [...flags, config, help], operands: [] }
}

function flagsOf(key: OptionKey): CompletedFlag[] {
  const { value, name, help } = options[key]
  if (isSwitch(key)) {
    return [
      { name, help },
      { name: `no-${name}`, help: `Not ${flagOf(key)}.` },
    ]
  }
  const { words, placeholder = '' } = value
  const taken: CompletedValue = words === undefined ? { kind: 'anything' } : { kind: 'words', words }
  return [{ name, help, value: { ...taken, placeholder } }]
}

function completedTool(name: ToolName): CompletedCommand {
  const { summary, flags, operands }: Tool = tools[name]
  const completed = Object.entries(flags).map(([flag, { placeholder, help }]): CompletedFlag =>
    placeholder === undefined ? { name: flag, help } : { name: flag, help, value: { kind: 'anything', placeholder } },
  )
  return { name, summary, flags: [...completed, help], operands: operands?.words ?? [] }
}
