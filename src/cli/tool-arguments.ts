import { didYouMean } from '../config/closest-name.ts'
import type { Problem } from '../config/problem.ts'
import { shorten } from '../config/quoting.ts'
import { type Tool, type ToolName, tools } from './tool-table.ts'

export interface ToolArguments {
  /** Values by the names of their flags; a switch has the value `true`. */
  readonly flags: ReadonlyMap<string, string>
  readonly operands: readonly string[]
}

/**
 * Reads the arguments after the name of a tool: `--flag VALUE`, `--flag=VALUE`, `--switch`, operands; after `--` nothing but
 * operands. What the tool does not know, and a flag given twice, is refused.
 */
export function readToolArguments(name: ToolName, argv: readonly string[]): ToolArguments | Problem {
  const tool: Tool = tools[name]
  const flags = new Map<string, string>()
  const operands: string[] = []
  const tokens = [...argv]
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    if (token === '--') {
      operands.push(...tokens.splice(0))
    } else if (token.startsWith('-') && token !== '-') {
      const [written = '', ...rest] = token.split('=')
      const flag = written.slice(2)
      const known = written.startsWith('--') && Object.hasOwn(tool.flags, flag) ? tool.flags[flag] : undefined
      if (known === undefined) return { problem: refuseUnknown(name, written) }
      if (flags.has(flag)) return { problem: `--${flag} is given twice` }
      const inline = rest.length > 0 ? rest.join('=') : undefined
      const isSwitch = known.placeholder === undefined
      if (isSwitch && inline !== undefined) return { problem: `--${flag} takes no value` }
      const value = isSwitch ? 'true' : (inline ?? tokens.shift())
      if (value === undefined) return { problem: `--${flag} needs a value: write \`--${flag}=${known.placeholder}\`` }
      flags.set(flag, value)
    } else {
      operands.push(token)
    }
  }
  const problem = refuseOperands(name, operands)
  return problem === undefined ? { flags, operands } : { problem }
}

function refuseUnknown(name: ToolName, written: string): string {
  const known = Object.keys(tools[name].flags).map(flag => `--${flag}`)
  const hint = didYouMean(written, known) || `; \`execgate ${name} --help\` lists the options`
  return `unknown option \`${shorten(written)}\`${hint}`
}

function refuseOperands(name: ToolName, operands: readonly string[]): string | undefined {
  const { operands: expected }: Tool = tools[name]
  if (expected === undefined) {
    return operands[0] === undefined ? undefined : `unexpected argument \`${shorten(operands[0])}\``
  }
  const { placeholder, min, max, words } = expected
  if (operands.length < min) return `${name} needs ${placeholder}: \`execgate ${name} --help\` says how`
  if (operands.length > max) return `${name} takes at most ${max} arguments, not ${operands.length}`
  const stranger = words && operands.find(operand => !words.includes(operand))
  return stranger === undefined ? undefined : `\`${shorten(stranger)}\` is not one of ${words?.join(', ')}`
}
