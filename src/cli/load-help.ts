import { scenarios } from '../load/scenarios.ts'
import { scenarioNames } from '../telemetry/load-metrics.ts'
import { lines, wrap } from './help-text.ts'
import { isLoadSwitch } from './load-arguments.ts'
import { defaultOfLoad, loadFlagOf, type LoadOptionKey, loadOptionKeys, loadOptions } from './load-options.ts'

/** The command that measures, and has flags of its own. */
export const loadCommandName = 'load'
export const loadSummary = 'Measure gateways under load: percentiles, side by side, over a simulated distance.'

const indent = '      '

const exitText =
  'Exit status: 0 when everything was measured and every threshold kept, 1 when a threshold was missed or a target ' +
  'cannot be measured, 2 when the command line is not understood.'

const telemetryText =
  'Where OTEL_EXPORTER_OTLP_ENDPOINT names a collector, the results are sent there as metrics. The load comes from one ' +
  'process: give it a core of its own.'

/** The text of `execgate load --help`, at most 100 columns wide. */
export function loadHelp(): string {
  return lines(
    `Usage: execgate ${loadCommandName} [SCENARIO] [OPTION]...`,
    '',
    ...wrap(loadSummary, ''),
    '',
    'Scenarios, by what is timed:',
    ...scenarioNames.flatMap(name => [`  ${name}`, ...wrap(capitalised(scenarios[name].help), indent)]),
    '',
    'Options:',
    ...loadOptionKeys.flatMap(describe),
    '  -h, --help',
    ...wrap('Print this text.', indent),
    '',
    ...wrap(telemetryText, ''),
    '',
    ...wrap(exitText, ''),
  )
}

function describe(key: LoadOptionKey): string[] {
  const { value, help } = loadOptions[key]
  const flag = isLoadSwitch(key) ? loadFlagOf(key) : `${loadFlagOf(key)} ${value.placeholder}`
  const otherwise = defaultOfLoad(key)
  const facts = [...(otherwise === undefined ? [] : [`Default: ${otherwise}.`]), `Allowed: ${value.allowed}.`]
  return [`  ${flag}`, ...wrap(help, indent), ...wrap(facts.join(' '), indent)]
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
