import { maxKills } from '../gateway/operator-schemas.ts'
import { gatewayUrlHelp, urlVariable } from './gateway-url.ts'

/** A flag of a tool. Without a placeholder it is a switch. */
interface ToolFlag {
  readonly placeholder?: string
  /** One sentence. */
  readonly help: string
}

/** What follows the flags of a tool. */
interface Operands {
  readonly placeholder: string
  readonly min: number
  readonly max: number
  /** The only values there are, where that is so. */
  readonly words?: readonly string[]
  /** Whether they may be files of this machine. */
  readonly areFiles?: boolean
}

/** A command that does one thing and ends. Unlike a gateway it is not configured: it has a few flags. */
export interface Tool {
  /** One sentence. */
  readonly summary: string
  /** What a reader of its help needs to know beyond the flags. */
  readonly about: string
  /** By their names, without dashes. */
  readonly flags: Readonly<Record<string, ToolFlag>>
  readonly operands: Operands | undefined
  readonly exitStatus: string
}

export const defaultOperatorUrl = 'http://127.0.0.1:7777'

export const shells = ['bash', 'zsh', 'fish'] as const

const url: ToolFlag = {
  placeholder: 'URL',
  help: `Where the gateway serves operators: http://IP:PORT. Variable ${urlVariable}. Default: ${defaultOperatorUrl}.`,
}
const json: ToolFlag = { help: 'Print JSON instead of text.' }

/** Every tool by its name. The reading of its arguments, its help and the completions of shells derive from this object. */
export const tools = {
  ps: {
    summary: 'List the processes of a gateway.',
    about:
      'Asks the gateway at its endpoint for operators. A process is shown as SESSION/PROCESS: the number of its session and ' +
      'the id its client chose. At most 1,000 processes are listed, those that have closed last.',
    flags: { url, all: { help: 'List closed processes too, as long as they can be read.' }, json },
    operands: undefined,
    exitStatus: '0 when the gateway has answered, 1 when it has not, 2 when the command line is not understood.',
  },
  kill: {
    summary: 'End processes of a gateway at once.',
    about:
      'Sends SIGKILL to everything in the operating-system session of each process. Its client is told as of any exit. ' +
      'A process that has ended already is no error.',
    flags: { url, json },
    operands: { placeholder: 'SESSION/PROCESS', min: 1, max: maxKills },
    exitStatus:
      '0 when all of them have ended, 1 when one is not known or cannot be ended or the gateway does not answer, 2 when the ' +
      'command line is not understood.',
  },
  cp: {
    summary: 'Copy files and directories to a gateway or from it.',
    about:
      'As `docker cp` does: the path at the gateway is absolute and written `:PATH`, or `gateway:PATH`. Into a directory that exists ' +
      'the source goes under its own name, `FOLDER/.` with what is in it. `-` is standard input or output, for one file. Links and ' +
      'special files within a directory are left out. Permissions are those of new files. The same command goes on where an ' +
      'earlier one was cut.',
    flags: { url: { placeholder: 'URL', help: gatewayUrlHelp } },
    operands: { placeholder: 'SOURCE DESTINATION', min: 2, max: 2, areFiles: true },
    exitStatus:
      '0 when everything is copied, 1 when something is not, 2 when the command line is not understood, 141 when nobody reads ' +
      'the output any more.',
  },
  doctor: {
    summary: 'Say what this machine can do, and what to do about what it cannot.',
    about:
      'Tries each facility and leaves nothing behind. What is needed a gateway cannot do without; what is optional makes ' +
      'limits and isolation of commands possible.',
    flags: { json },
    operands: undefined,
    exitStatus:
      '0 when a gateway can run here, 1 when something needed is missing, 2 when the command line is not understood.',
  },
  completion: {
    summary: 'Print the completions of a shell for this program.',
    about:
      'For bash, `source <(execgate completion bash)` in ~/.bashrc; for zsh the same with zsh in ~/.zshrc, after compinit; for ' +
      'fish, `execgate completion fish > ~/.config/fish/completions/execgate.fish`.',
    flags: {},
    operands: { placeholder: 'SHELL', min: 1, max: 1, words: shells },
    exitStatus: '0 when they are printed, 2 when the command line is not understood.',
  },
  openrpc: {
    summary: 'Print the protocol as an OpenRPC document.',
    about:
      'JSON, made from what the gateway checks messages with. Gateways serve the same to operators at /openrpc.json.',
    flags: {},
    operands: undefined,
    exitStatus: '0 when it is printed, 2 when the command line is not understood.',
  },
} as const satisfies Record<string, Tool>

export type ToolName = keyof typeof tools

export const toolNames = Object.keys(tools).filter(isToolName)

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(tools, name)
}
