import { didYouMean } from '../config/closest-name.ts'
import type { ReadFile } from '../config/config-file.ts'
import { type Command, commands, type Settings } from '../config/options.ts'
import { isProblem } from '../config/problem.ts'
import { shorten } from '../config/quoting.ts'
import { loadSettings } from '../config/settings.ts'
import type { Environment } from '../config/sources.ts'
import { commandHelp, programHelp, runCommandName, runHelp, versionText } from './help.ts'
import { readLoadArguments } from './load-arguments.ts'
import { loadCommandName, loadHelp } from './load-help.ts'
import type { LoadSettings } from './load-options.ts'
import { parseRunArguments, type RunRequest } from './run-arguments.ts'
import { runExitCodes } from './run-exit-codes.ts'
import { readToolArguments, type ToolArguments } from './tool-arguments.ts'
import { toolHelp } from './tool-help.ts'
import { isToolName, type ToolName, toolNames } from './tool-table.ts'

/** What the program is asked to do. */
export type CommandLine =
  | {
      readonly kind: 'run'
      readonly command: Command
      readonly settings: Settings
      /** Sentences for the log, once there is one. */
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'tool'; readonly tool: ToolName; readonly args: ToolArguments }
  | { readonly kind: 'load'; readonly settings: LoadSettings }
  /** A command is to be run on a gateway. */
  | { readonly kind: 'execute'; readonly request: RunRequest }
  /** Text for standard output; the exit status is 0. */
  | { readonly kind: 'print'; readonly text: string }
  /** One line for standard error. */
  | { readonly kind: 'refuse'; readonly message: string; readonly exitCode: number }

/** The configuration or the address is refused. */
const configurationRefused = 1
/** The command line is not understood, as for tools of the shell. */
const usageRefused = 2

/**
 * Reads the arguments of the program, without its name. Called without any it prints its help, as `kubectl` and
 * `docker` do. A request for help wins over mistakes beside it. Nothing but the configuration file is read and nothing
 * is changed.
 */
export function interpretCommandLine(
  argv: readonly string[],
  environment: Environment,
  readFile: ReadFile,
): CommandLine {
  const [first = '--help', ...rest] = argv
  if (isHelp(first)) return { kind: 'print', text: programHelp() }
  if (first === '--version') return { kind: 'print', text: versionText }
  if (isToolName(first)) return interpretTool(first, rest)
  if (first === loadCommandName) return interpretLoad(rest)
  if (first === runCommandName) return interpretRun(rest, environment)
  const command = commands.find(name => name === first)
  if (command === undefined) return { kind: 'refuse', message: refuseUnknown(first), exitCode: usageRefused }
  if (rest.some(isHelp)) return { kind: 'print', text: commandHelp(command) }

  const loaded = loadSettings({ command, argv: rest, environment, readFile })
  if (isProblem(loaded)) return { kind: 'refuse', message: loaded.problem, exitCode: configurationRefused }
  return { kind: 'run', command, ...loaded }
}

function interpretTool(tool: ToolName, argv: readonly string[]): CommandLine {
  if (argv.some(isHelp)) return { kind: 'print', text: toolHelp(tool) }
  const args = readToolArguments(tool, argv)
  if (isProblem(args)) return { kind: 'refuse', message: args.problem, exitCode: usageRefused }
  return { kind: 'tool', tool, args }
}

function interpretLoad(argv: readonly string[]): CommandLine {
  if (argv.some(isHelp)) return { kind: 'print', text: loadHelp() }
  const settings = readLoadArguments(argv)
  if (isProblem(settings)) return { kind: 'refuse', message: settings.problem, exitCode: usageRefused }
  return { kind: 'load', settings }
}

/** A command of its own may have any option, `--help` included, so that only what stands before it is looked at. */
function interpretRun(argv: readonly string[], environment: Environment): CommandLine {
  const request = parseRunArguments(argv, environment)
  if (!isProblem(request)) return { kind: 'execute', request }
  if (argv.some(isHelp)) return { kind: 'print', text: runHelp() }
  return { kind: 'refuse', message: request.problem, exitCode: runExitCodes.gatewayTrouble }
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h'
}

function refuseUnknown(first: string): string {
  const shown = `\`${shorten(first)}\``
  if (first.startsWith('-')) return `${shown} stands before the command: write \`execgate COMMAND [OPTION]...\``
  const names = [...commands, runCommandName, loadCommandName, ...toolNames]
  return `unknown command ${shown}${didYouMean(first, names) || '; `execgate --help` lists the commands'}`
}
