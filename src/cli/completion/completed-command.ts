import { configFlag, isSwitch } from '../../config/flags.ts'
import { type Command, commands, flagOf, type OptionKey, optionKeys, options, takes } from '../../config/options.ts'
import { runCommandName, runSummary, summaries } from '../help.ts'
import { isLoadSwitch } from '../load-arguments.ts'
import { loadCommandName, loadSummary } from '../load-help.ts'
import { type LoadOptionKey, loadOptionKeys, loadOptions } from '../load-options.ts'
import { runFlags } from '../run-arguments.ts'
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
  /** What may follow beside flags. */
  readonly operands: CompletedValue
}

const nothingKnown: CompletedValue = { kind: 'anything' }

const help: CompletedFlag = { name: 'help', help: 'Print what the command does and takes.' }

/** Flags of the program itself. */
export const programFlags: readonly CompletedFlag[] = [help, { name: 'version', help: 'Print the version.' }]

/** Every command of the program. */
export function completedCommands(): CompletedCommand[] {
  return [...commands.map(completedGateway), completedRun(), completedLoad(), ...toolNames.map(completedTool)]
}

function completedGateway(command: Command): CompletedCommand {
  const flags = optionKeys.filter(key => takes(command, key)).flatMap(flagsOf)
  const config: CompletedFlag = {
    name: configFlag.slice(2),
    help: 'Read this TOML file.',
    value: { kind: 'file', placeholder: 'PATH' },
  }
  return { name: command, summary: summaries[command], flags: [...flags, config, help], operands: nothingKnown }
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
  return [{ name, help, value: { ...oneOf(words), placeholder } }]
}

function oneOf(words: readonly string[] | undefined): CompletedValue {
  return words === undefined ? nothingKnown : { kind: 'words', words }
}

function completedRun(): CompletedCommand {
  const flags = runFlags.map(({ name, help, placeholder }) => completedFlag(name, help, placeholder))
  return { name: runCommandName, summary: runSummary, flags: [...flags, help], operands: nothingKnown }
}

function completedLoad(): CompletedCommand {
  const flags = loadOptionKeys.map(completedLoadFlag)
  const operands = oneOf(loadOptions.scenario.value.words)
  return { name: loadCommandName, summary: loadSummary, flags: [...flags, help], operands }
}

function completedLoadFlag(key: LoadOptionKey): CompletedFlag {
  const { name, help, value } = loadOptions[key]
  const { words, placeholder = '' } = value
  if (isLoadSwitch(key)) return { name, help }
  return { name, help, value: { ...(key === 'html' ? { kind: 'file' } : oneOf(words)), placeholder } }
}

function completedFlag(name: string, help: string, placeholder: string | undefined): CompletedFlag {
  return placeholder === undefined ? { name, help } : { name, help, value: { ...nothingKnown, placeholder } }
}

function completedTool(name: ToolName): CompletedCommand {
  const { summary, flags, operands }: Tool = tools[name]
  const completed = Object.entries(flags).map(([flag, { placeholder, help }]) => completedFlag(flag, help, placeholder))
  const taken: CompletedValue = operands?.areFiles === true ? { kind: 'file' } : oneOf(operands?.words)
  return { name, summary, flags: [...completed, help], operands: taken }
}
