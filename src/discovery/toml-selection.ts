import { parse, stringify, TomlError, type TomlTable, type TomlValue } from 'smol-toml'

/** What of a file cannot be understood, and where. */
export class TomlProblem extends Error {
  override readonly name = 'TomlProblem'
}

/**
 * The parts of a TOML text that key paths lead to; `undefined` when there are none. A path that goes on below a value that is
 * no table keeps the value, one that ends nowhere keeps the tables on its way.
 * @throws TomlProblem with `line:column: text`
 */
export function selectToml(text: string, paths: readonly (readonly string[])[]): string | undefined {
  const selected = select(parseExactly(text), paths)
  return Object.keys(selected).length === 0 ? undefined : stringify(selected, { numbersAsFloat: true })
}

/** Integers stay integers and floats floats. */
function parseExactly(text: string): TomlTable {
  try {
    return parse(text, { integersAsBigInt: true })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [firstLine = ''] = error.message.split('\n')
    const what = firstLine.replace(/^Invalid TOML document: /, '')
    throw new TomlProblem(`${error.line}:${error.column}: ${what}`, { cause: error })
  }
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
