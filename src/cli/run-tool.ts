import { isProblem } from '../config/problem.ts'
import type { Environment } from '../config/sources.ts'
import { openRpcDocument } from '../protocol/openrpc.ts'
import { bashCompletion } from './completion/bash-completion.ts'
import { fishCompletion } from './completion/fish-completion.ts'
import { zshCompletion } from './completion/zsh-completion.ts'
import type { CopyStreams } from './cp/copy.ts'
import { runCopy } from './cp/cp.ts'
import { describeDiagnosis, diagnose } from './doctor/doctor.ts'
import type { Machine } from './doctor/machine.ts'
import { describeOutcomes, haveAllEnded, parseAddresses } from './operators/kill.ts'
import { OperatorEndpoint, OperatorError } from './operators/operator-endpoint.ts'
import { listProcesses } from './operators/ps.ts'
import type { ToolArguments } from './tool-arguments.ts'
import { shells, type ToolName } from './tool-table.ts'
import { version } from './version.ts'

/** What a tool has to do with. */
export interface ToolContext {
  readonly environment: Environment
  readonly machine: Machine
  readonly streams: CopyStreams
  /** Writes to standard output. */
  readonly print: (text: string) => void
  /** Writes a line to standard error. */
  readonly complain: (line: string) => void
}

const done = 0
const failed = 1
const notUnderstood = 2

const completions: { readonly [Shell in (typeof shells)[number]]: () => string } = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

type Perform = (args: ToolArguments, context: ToolContext) => number | Promise<number>

const performers: { readonly [Name in ToolName]: Perform } = {
  ps: withEndpoint(async (endpoint, { flags }, { print, complain }) => {
    const { text, notes } = listProcesses(await endpoint.state(), { all: flags.has('all'), json: flags.has('json') })
    print(text)
    for (const note of notes) complain(note)
    return done
  }),
  kill: withEndpoint(async (endpoint, { flags, operands }, { print, complain }) => {
    const addresses = parseAddresses(operands)
    if (isProblem(addresses)) {
      complain(addresses.problem)
      return notUnderstood
    }
    const reply = await endpoint.kill(addresses)
    print(flags.has('json') ? json(reply) : describeOutcomes(reply))
    return haveAllEnded(reply) ? done : failed
  }),
  cp: runCopy,
  doctor: async ({ flags }, { machine, print }) => {
    const diagnosis = await diagnose(machine)
    print(flags.has('json') ? json(diagnosis) : describeDiagnosis(diagnosis))
    return diagnosis.isReady ? done : failed
  },
  completion: ({ operands }, { print }) => {
    for (const shell of shells) if (operands.includes(shell)) print(completions[shell]())
    return done
  },
  openrpc: (_args, { print }) => {
    print(json(openRpcDocument(version)))
    return done
  },
}

/**
 * Runs a tool to its end.
 * @returns its exit status
 */
export async function runTool(name: ToolName, args: ToolArguments, context: ToolContext): Promise<number> {
  return await performers[name](args, context)
}

function json(content: unknown): string {
  return `${JSON.stringify(content, undefined, 2)}\n`
}

/** For a tool that talks to a gateway. */
function withEndpoint(
  perform: (endpoint: OperatorEndpoint, args: ToolArguments, context: ToolContext) => Promise<number>,
): Perform {
  return async (args, context) => {
    const endpoint = OperatorEndpoint.named(args.flags.get('url'), context.environment)
    if (isProblem(endpoint)) {
      context.complain(endpoint.problem)
      return notUnderstood
    }
    try {
      return await perform(endpoint, args, context)
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      context.complain(error.message)
      return failed
    }
  }
}
