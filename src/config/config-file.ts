import { parse, TomlError } from 'smol-toml'
import { didYouMean } from './closest-name.ts'
import { type Command, fileKeyOf, type OptionKey, optionKeys, takes } from './options.ts'
import type { Problem } from './problem.ts'
import { printable, shorten } from './quoting.ts'
import type { Given, GivenValues } from './sources.ts'

/** Reads a whole file as text, or throws. */
export type ReadFile = (path: string) => string

interface ConfigFile {
  readonly path: string
  /** The flag or variable that names the file. */
  readonly namedBy: string
  readonly command: Command
  readonly readFile: ReadFile
}

/**
 * Reads a TOML file of flat keys. Both commands may share it: keys of options that only the other one takes are
 * passed over. Keys that no command knows are refused.
 */
export function readConfigFile({ path, namedBy, command, readFile }: ConfigFile): { given: GivenValues } | Problem {
  const name = printable(path)
  let text: string
  try {
    text = readFile(path)
  } catch (error) {
    return { problem: `cannot read the configuration file ${name}, named by ${namedBy}: ${reasonOf(error)}` }
  }
  let table: Readonly<Record<string, unknown>>
  try {
    table = parse(text, { integersAsBigInt: true })
  } catch (error) {
    return { problem: `cannot parse the configuration file ${name}${positionOf(error)}: ${reasonOf(error)}` }
  }
  const keys = new Map(optionKeys.map(key => [fileKeyOf(key), key]))
  const given = new Map<OptionKey, Given>()
  for (const [fileKey, value] of Object.entries(table)) {
    const key = keys.get(fileKey)
    if (key === undefined) {
      return { problem: `unknown key \`${shorten(fileKey)}\` in ${name}${didYouMean(fileKey, keys.keys())}` }
    }
    if (takes(command, key)) given.set(key, { source: `${fileKey} in ${name}`, value })
  }
  return { given }
}

function positionOf(error: unknown): string {
  return error instanceof TomlError ? `, line ${error.line}, column ${error.column}` : ''
}

/** The first line of what went wrong: the parser adds an excerpt of the file, which is not for the log. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the reason is not known'
  const [firstLine = ''] = error.message.split('\n')
  return printable(firstLine.replace(/^Invalid TOML document: /, ''))
}
