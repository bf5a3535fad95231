import { configFlag, isSwitch } from '../config/flags.ts'
import {
  type Command,
  commands,
  defaultOf,
  fileKeyOf,
  flagOf,
  type OptionKey,
  optionKeys,
  options,
  takes,
  variableOf,
} from '../config/options.ts'
import { configVariable } from '../config/variables.ts'
import { lines, wrap } from './help-text.ts'
import { loadCommandName, loadSummary } from './load-help.ts'
import { toolNames, tools } from './tool-table.ts'
import { runFlags } from './run-arguments.ts'
import { version } from './version.ts'

/** One sentence about each command. */
export const summaries: Readonly<Record<Command, string>> = {
  serve: 'Run the gateway: processes over WebSocket, health and metrics over HTTP.',
  'exec-server': 'Run as a drop-in for the reference server, over WebSocket or standard streams.',
}

/** The command that is a client, and has flags of its own. */
export const runCommandName = 'run'
export const runSummary = 'Run a command on a gateway, or here, with these standard streams.'

export const versionText = `execgate ${version}\n`

/** The text of `execgate --help`, at most 100 columns wide. */
export function programHelp(): string {
  const described = [
    ...commands.map(command => [command, summaries[command]] as const),
    [runCommandName, runSummary] as const,
    [loadCommandName, loadSummary] as const,
    ...toolNames.map(name => [name, tools[name].summary] as const),
  ]
  const widest = Math.max(...described.map(([name]) => name.length))
  return lines(
    'execgate: start, stream and signal processes over a WebSocket that loses nothing.',
    '',
    'Usage: execgate COMMAND [OPTION]...',
    '',
    'Commands:',
    ...described.map(([name, summary]) => `  ${name.padEnd(widest)}  ${summary}`),
    '',
    'Options:',
    '  -h, --help  Print this text; after a command, all options of that command.',
    '  --version   Print the version.',
    '',
    ...wrap(configurationText, ''),
    '',
    ...wrap(exitText, ''),
  )
}

/** The text of `execgate COMMAND --help`: every option the command takes, at most 100 columns wide. */
export function commandHelp(command: Command): string {
  return lines(
    `Usage: execgate ${command} [OPTION]...`,
    '',
    ...wrap(summaries[command], ''),
    '',
    'Options:',
    ...optionKeys.filter(key => takes(command, key)).flatMap(key => describe(key, command)),
    `  ${configFlag} PATH`,
    ...wrap(`Read this TOML file. Variable ${configVariable}. Without either, no file is read.`, indent),
    '  -h, --help',
    ...wrap('Print this text.', indent),
    '',
    ...wrap(configurationText, ''),
    '',
    ...wrap(switchText, ''),
    '',
    ...wrap(exitText, ''),
  )
}

/** The text of `execgate run --help`. */
export function runHelp(): string {
  return lines(
    `Usage: execgate ${runCommandName} [OPTION]... [--] COMMAND [ARGUMENT]...`,
    '',
    ...wrap(runSummary, ''),
    '',
    'Options:',
    ...runFlags.flatMap(({ name, letter, placeholder, help }) => [
      `  ${letter === undefined ? '' : `-${letter}, `}--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`,
      ...wrap(help, indent),
    ]),
    '',
    ...wrap(runExitText, ''),
  )
}

const runExitText =
  'Exit status: that of the command, 128 + the signal it died of; 124 after --timeout, 125 when the gateway or this ' +
  'command line is the trouble, 126 when the command cannot be executed, 127 when it is not found.'

const indent = '      '

const configurationText =
  'Every option of a gateway can be set by its flag, its environment variable or its key in a TOML configuration file; the first ' +
  'of these that says something wins, and the default comes last. Durations carry a unit: 500ms, 80s, 2m, 1h. ' +
  'Sizes are bytes or carry one: 64KiB, 8MiB, 1GiB.'

const switchText =
  'A switch is turned on by --switch and off by --no-switch; --switch=VALUE and the variables take true, false, yes, ' +
  'no, on, off, 1 or 0.'

const exitText =
  'Exit status: 0 after an orderly end, 1 when the configuration is refused or the address cannot be used, 2 when the ' +
  'command is not known.'

function describe(key: OptionKey, command: Command): string[] {
  const { value, help } = options[key]
  const flag = isSwitch(key) ? `--[no-]${options[key].name}` : `${flagOf(key)} ${value.placeholder}`
  return [
    `  ${flag}`,
    ...wrap(help, indent),
    ...wrap(`Default: ${defaultOf(key, command) || 'empty'}. Allowed: ${value.allowed}.`, indent),
    ...wrap(`Variable: ${variableOf(key)}. File key: ${fileKeyOf(key)}.`, indent),
  ]
}
