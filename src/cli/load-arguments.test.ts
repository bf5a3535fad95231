import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { scenarioNames } from '../telemetry/load-metrics.ts'
import { interpretCommandLine } from './command-line.ts'
import { readLoadArguments } from './load-arguments.ts'
import { loadHelp } from './load-help.ts'
import { defaultOfLoad, loadFlagOf, loadOptionKeys, loadOptions } from './load-options.ts'
import { planOf } from './load-command.ts'

function interpret(...argv: string[]) {
  return interpretCommandLine(['load', ...argv], {}, () => '')
}

function settingsOf(...argv: string[]) {
  const settings = readLoadArguments(argv)
  if ('problem' in settings) throw new Error(settings.problem)
  return settings
}

test('nothing at all measures one-shots at the default gateway', () => {
  expect(interpret()).toMatchObject({
    kind: 'load',
    settings: {
      scenario: 'one-shot',
      targets: [{ name: 'gateway', url: 'ws://127.0.0.1:7777' }],
      runs: 3,
      completion: 'events',
      rttMs: 0,
    },
  })
})

test('everything can be told', () => {
  const line =
    'idle --target old=ws://one:1 --target=new=wss://two:2/path --runs 5 --duration 10s --rate 12.5 --concurrency=7 ' +
    '--sessions 50 --timeout 2s --seed 9 --json --html r.html --max-p50 500us --max-p95 50ms --max-p99 1s ' +
    '--max-errors 0 --min-rate 10'
  const settings = settingsOf(...line.split(' '))
  expect(settings).toMatchObject({
    scenario: 'idle',
    targets: [
      { name: 'old', url: 'ws://one:1' },
      { name: 'new', url: 'wss://two:2/path' },
    ],
    runs: 5,
    durationMs: 10_000,
    ratePerSecond: 12.5,
    concurrency: 7,
    sessions: 50,
    timeoutMs: 2000,
    seed: 9,
    json: true,
    markdown: false,
    html: 'r.html',
    maxP50Ms: 0.5,
    maxP95Ms: 50,
    maxP99Ms: 1000,
    maxErrors: 0,
    minPerSecond: 10,
  })
})

test.each([
  ['80', 80],
  ['80ms', 80],
  ['0.5', 0.5],
  ['250us', 0.25],
  ['2s', 2000],
])('a round trip of %s is %d ms', (text, ms) => {
  expect(settingsOf('--rtt', text).rttMs).toBe(ms)
})

test('targets without a name get one that does not tell their address', () => {
  const one = settingsOf('--target', 'ws://secret:1').targets
  const two = settingsOf('--target', 'ws://secret:1', '--target', 'ws://secret:2').targets
  expect([...one, ...two].map(({ name }) => name)).toEqual(['gateway', 'gateway-1', 'gateway-2'])
})

describe('what is planned', () => {
  it('is a closed loop of one worker and a hundred operations', () => {
    expect(planOf(settingsOf())).toMatchObject({
      concurrency: 1,
      extent: { iterations: 100 },
      ratePerSecond: undefined,
      completions: ['events'],
    })
  })

  it('has more workers in an open loop, so that the rate is kept', () => {
    expect(planOf(settingsOf('--rate', '10', '--duration', '1s'))).toMatchObject({
      concurrency: 32,
      extent: { durationMs: 1000 },
      ratePerSecond: 10,
    })
  })

  it('compares both completions, beginning with how it used to be', () => {
    expect(planOf(settingsOf('--completion', 'both')).completions).toEqual(['read', 'events'])
  })
})

describe('refused with a sentence, status 2', () => {
  const nine = Array.from({ length: 9 }, (_, index) => ['--target', `t${index}=ws://x:1`]).flat()
  test.each([
    [['--runs', '0'], '--runs: `0` is not a whole number of 1 to 1000'],
    [['--runs', 'many'], '--runs: `many` is not a whole number of 1 to 1000'],
    [['--iterations', '1.5'], '--iterations: `1.5` is not a whole number of 1 to 10000000'],
    [
      ['--duration', '5'],
      '--duration: `5` is not a duration of 100ms to 24h, written with its unit: 500ms, 80s, 2m or 1h',
    ],
    [['--rate', '-1'], '--rate: `-1` is not a number of 0.01 to 100000'],
    [['--concurrency', '0'], '--concurrency: `0` is not a whole number of 1 to 4096'],
    [['--rtt', 'far'], '--rtt: `far` is not a time of 0 to 10000 ms, as in 80, 80ms, 0.5ms, 250us or 2s'],
    [['--max-p95', '5x'], '--max-p95: `5x` is not a time of 0 to 3600000 ms, as in 80, 80ms, 0.5ms, 250us or 2s'],
    [['--completion', 'polls'], '--completion: `polls` is not one of events, read, both'],
    [['juggle'], `--scenario: \`juggle\` is not one of ${scenarioNames.join(', ')}`],
    [['--target', 'a=http://x'], '--target: `a=http://x` is not a target: write NAME=ws://HOST:PORT'],
    [['--target', 'a b=ws://x'], '--target: `a b=ws://x` is not a target'],
    [['--target', 'ws://'], '--target: `ws://` is not a target'],
    [['--target', 'a=ws://x:1', '--target', 'a=ws://y:1'], '--target: the name `a` is given to two targets'],
    [nine, '--target: 9 targets are more than the 8 that can be compared'],
    [['--iterations', '5', '--duration', '1s'], '--iterations and --duration both say how long a run takes: give one'],
    [['--json', '--markdown'], '--json and --markdown both want standard output: give one of them'],
    [['ping', '--completion', 'read'], '--completion read belongs to the scenario one-shot, not to ping'],
    [['ping', '--sessions', '5'], '--sessions belongs to the scenarios idle and reconnect, not to ping'],
    [['ping', '--stream-bytes', '5'], '--stream-bytes belongs to the scenario stream, not to ping'],
    [
      ['--rtt', '5', '--target', 'a=wss://x'],
      '--rtt needs ws:// targets: the certificate of a does not name the proxy',
    ],
    [['reconnect', '--target', 'a=wss://x'], 'the scenario reconnect needs ws:// targets'],
    [['--runs'], '--runs needs a value: write `--runs COUNT`'],
    [['--runs', '--json'], '--runs needs a value: write `--runs COUNT`'],
    [['--html='], '--html: `` is not the path of a file'],
    [['--runs', '1', '--runs', '2'], '--runs is given twice: `1` and `2`'],
    [['ping', '--scenario', 'echo'], '--scenario is given twice: `ping` and `echo`'],
    [['--rums', '1'], 'unknown option `--rums`; did you mean --runs?'],
    [['--colour'], 'unknown option `--colour`; `execgate load --help` lists the options'],
    [['ping', 'pong'], 'unexpected argument `pong`; `execgate load --help` lists the options'],
    [['--json=maybe'], '--json: `maybe` is not true, yes, on, 1, false, no, off or 0'],
  ])('%o', (argv, sentence) => {
    expect(interpret(...argv)).toEqual({ kind: 'refuse', message: expect.stringContaining(sentence), exitCode: 2 })
  })
})

test('whatever the arguments are, they are interpreted without an exception', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('ping', '--target', '--rate', 'a=ws://x:1', '--json', '--rtt=80', '5'),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), argv => {
      expect(['load', 'print', 'refuse']).toContain(interpret(...argv).kind)
    }),
  )
})

describe('the help', () => {
  const text = loadHelp()
  const oneLine = text.replaceAll(/\s+/g, ' ')

  it('wins over mistakes beside it', () => {
    expect(interpret('--nonsense', '-h')).toEqual({ kind: 'print', text })
  })

  it('fits 100 columns', () => {
    for (const line of text.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(100)
      expect(line).toBe(line.trimEnd())
    }
  })

  it.each(loadOptionKeys)('describes %s', key => {
    const { value, help } = loadOptions[key]
    const otherwise = defaultOfLoad(key)
    expect(text).toMatch(new RegExp(`^  ${loadFlagOf(key)}( \\S+)?$`, 'm'))
    expect(oneLine).toContain(
      `${help} ${otherwise === undefined ? '' : `Default: ${otherwise}. `}Allowed: ${value.allowed}.`,
    )
  })

  it.each(scenarioNames)('describes the scenario %s', name => {
    expect(text).toMatch(new RegExp(`^  ${name}\n      [A-Z].*`, 'm'))
  })

  it('tells the exit status', () => {
    expect(text).toContain('Exit status')
  })
})
