import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commands, fileKeyOf, flagOf, optionKeys, variableOf } from '../../src/config/options.ts'
import { Program } from '../support/program.ts'
import { ScratchFolder } from '../support/scratch-folder.ts'

/** How many configurations are tried; fast-check prints the seed of a failure. */
const runs = Number(process.env['EXECGATE_FUZZ_CONFIGURATIONS'] ?? 6)

/** What the operating system can hand to a program: anything without a NUL. */
const text = fc.oneof(
  fc.constantFrom(
    '',
    '80s',
    '-1',
    '2MiB',
    '1e400',
    'true',
    'off',
    '/nowhere',
    '__proto__',
    '\u001b[31m',
    'x'.repeat(20_000),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }).map(each => each.replaceAll('\0', '')),
)
const settable = optionKeys.filter(key => flagOf(key) !== '--listen')
const flag = fc.constantFrom(...settable.map(flagOf), '--no-watchdog', '--config', '--remote', '--x', 'forward', '-')
const argument = fc.oneof(
  flag,
  text,
  fc.tuple(flag, text).map(pair => pair.join('=')),
)
const variable = fc.oneof(
  fc.constantFrom(...settable.map(variableOf), 'EXECGATE_X', 'EXECGATE_CONFIG', 'RUST_LOG', 'LANG', 'TZ'),
  fc.constantFrom(
    'OTEL_TRACES_SAMPLER',
    'OTEL_TRACES_SAMPLER_ARG',
    'OTEL_RESOURCE_ATTRIBUTES',
    'OTEL_METRIC_EXPORT_INTERVAL',
  ),
  fc.constantFrom(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_HEADERS',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'OTEL_SDK_DISABLED',
  ),
)
const line = fc
  .tuple(
    fc.constantFrom(...settable.map(fileKeyOf), 'x', '[a]', '"', '__proto__'),
    fc.oneof(
      text.map(each => JSON.stringify(each)),
      text,
    ),
  )
  .map(pair => pair.join(' = '))
const file = fc.oneof(
  fc.constant(undefined),
  fc.array(line, { maxLength: 3 }).map(lines => Buffer.from(lines.join('\n'))),
  fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 100_000 }).map(depth => Buffer.from(`grace = ${'['.repeat(depth)}`)),
)

const plain = { command: fc.constantFrom(...commands), file }
const hostile = fc.record({
  ...plain,
  argv: fc.array(argument, { maxLength: 3 }),
  env: fc.dictionary(variable, text, { maxKeys: 3, noNullPrototype: true }),
})
/** Only one door is hostile, so that it gets further. */
const one = fc.oneof(
  hostile,
  fc.record({ ...plain, argv: fc.constant<string[]>([]), env: fc.constant({}) }),
  fc.record({
    ...plain,
    file: fc.constant(undefined),
    argv: fc.constant<string[]>([]),
    env: fc.dictionary(variable, text, { maxKeys: 2 }),
  }),
)

test(
  'whatever it is told, it serves or says in one sentence why not',
  { timeout: 60_000 + runs * 10_000 },
  async () => {
    let served = 0
    await fc.assert(
      fc.asyncProperty(one, async ({ command, argv, env, file: content }) => {
        using folder = new ScratchFolder()
        const path = join(folder.path, 'execgate.toml')
        if (content !== undefined) writeFileSync(path, content)
        const config = content === undefined ? [] : ['--config', path]
        const { status, signal, stdout, stderr } = await Program.run([command, ...config, ...argv, '--listen=stdio'], {
          env,
        })
        expect(signal).toBeNull()
        expect(stdout).toBe('')
        if (status === 0) {
          served += 1
          // What is left are records of the log.
          for (const record of stderr.split('\n').filter(Boolean)) expect(JSON.parse(record)).toHaveProperty('level')
        } else {
          expect([1, 2]).toContain(status)
          expect(stderr).toMatch(/^(\{.*\}\n)*execgate: [^\p{Cc}]+\n$/u)
        }
      }),
      {
        numRuns: runs,
        endOnFailure: true,
        examples: [
          [{ command: 'serve', file: undefined, argv: [], env: {} }],
          // It ended some runs of the parser with SIGSEGV.
          [{ command: 'serve', file: Buffer.from(`grace = ${'['.repeat(90_000)}`), argv: [], env: {} }],
        ],
      },
    )
    expect(served).toBeGreaterThan(0)
  },
)
