import { parse, stringify, TomlError, type TomlTable, type TomlValue } from 'smol-toml'

/** What of a file cannot be understood, and where. */
export class TomlProblem extends Error {
  override readonly name = 'TomlProblem'
}

/**
 * The parts of a TOML text that key paths lead to; `undefined` when there are none. A path that goes on below a value that is
 * no table keeps the value, one that ends nowhere keeps the tables on its way.
 * @throws TomlProblem with `line:column: text`, or ` text` where no place is known
 */
export function selectToml(text: string, paths: readonly (readonly string[])[]): string | undefined {
  const selected = select(parseExactly(text), paths)
  return Object.keys(selected).length === 0 ? undefined : stringify(selected, { numbersAsFloat: true })
}

/** Integers stay integers and floats floats. */
function parseExactly(text: string): TomlTable {
  try {
    const table = parse(text, { integersAsBigInt: true })
    refuseLongIntegers(table)
    return table
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [firstLine = ''] = error.message.split('\n')
    const what = firstLine.replace(/^Invalid TOML document: /, '')
    throw new TomlProblem(`${error.line}:${error.column}: ${what}`, { cause: error })
  }
}

/** Readers take integers of 64 bits and no longer ones, and the whole text with them. https://toml.io/en/v1.0.0#integer */
function refuseLongIntegers(value: TomlValue): void {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
    throw new TomlProblem(' an integer does not fit into 64 bits')
  }
  if (typeof value !== 'object' || value instanceof Date) return
  for (const part of Object.values(value)) refuseLongIntegers(part)
}

function select(table: TomlTable, paths: readonly (readonly string[])[]): TomlTable {
  const selected = Object.entries(table).flatMap(([key, value]): [string, TomlValue][] => {
    const onward = paths.filter(([first]) => first === key).map(([, ...rest]) => rest)
    if (onward.length === 0) return []
    const isWhole = onward.some(rest => rest.length === 0)
    return [[key, isWhole || !isTable(value) ? value : select(value, onward)]]
  })
  return Object.fromEntries(selected)
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)
}
