import { lines, wrap } from './help-text.ts'
import { type Tool, type ToolName, tools } from './tool-table.ts'

const indent = '      '

/** The text of `execgate TOOL --help`, at most 100 columns wide. */
export function toolHelp(name: ToolName): string {
  const tool: Tool = tools[name]
  return lines(
    `Usage: execgate ${name} [OPTION]...${usageOfOperands(tool)}`,
    '',
    ...wrap(tool.summary, ''),
    '',
    ...wrap(tool.about, ''),
    '',
    'Options:',
    ...Object.entries(tool.flags).flatMap(([flag, { placeholder, help }]) => [
      `  --${flag}${placeholder === undefined ? '' : ` ${placeholder}`}`,
      ...wrap(help, indent),
    ]),
    '  -h, --help',
    ...wrap('Print this text.', indent),
    '',
    ...wrap(`Exit status: ${tool.exitStatus}`, ''),
  )
}

function usageOfOperands({ operands }: Tool): string {
  if (operands === undefined) return ''
  return ` ${operands.words?.join('|') ?? operands.placeholder}${operands.max > operands.min ? '...' : ''}`
}
