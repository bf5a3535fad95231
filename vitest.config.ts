import { defineConfig } from 'vitest/config'

/** Ends processes that a test has left behind, and fails it. */
const leakCheck = ['test/support/leak-check.ts']

/** Child exits are noticed through a process-wide signal that worker threads never get, hence forks. */
const common = { pool: 'forks', testTimeout: 30_000 } as const

const project = (name: string, include: string, setupFiles: string[] = []) => ({
  test: { ...common, name, include: [include], setupFiles },
})

/** On the engine that is not the default here. */
const portably = { setupFiles: leakCheck, env: { EXECGATE_TESTED_ENGINE: 'portable' } }

/** The same tests once more. */
const onPortableEngine = [
  'test/integration/{process-*,engine-ends,descendants,real-programs,backpressure,detached-output,limits,input-limits,retained-output}.test.ts',
  'test/conformance/conformance.test.ts',
  'test/e2e/{run,stdio,child-environment,shutdown,tested-node}.test.ts',
]

/** Kill gateways whose processes live on for a moment: any gateway that starts meanwhile ends them, and says so. */
const killingGateways = ['test/e2e/leaks.test.ts', 'test/e2e/sudden-death.test.ts']

/** After all others, one file after the other. */
const alone = (place: number) => ({ fileParallelism: false, sequence: { groupOrder: place } })

export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      project('unit', 'src/**/*.test.ts'),
      project('architecture', 'test/architecture/**/*.test.ts'),
      project('integration', 'test/integration/**/*.test.ts', leakCheck),
      project('conformance', 'test/conformance/**/*.test.ts', leakCheck),
      project('dashboards', 'test/dashboards/**/*.test.ts'),
      project('alerts', 'test/alerts/**/*.test.ts'),
      {
        test: {
          ...common,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: killingGateways,
          setupFiles: leakCheck,
        },
      },
      { test: { ...common, ...portably, name: 'portable', include: onPortableEngine } },
      { test: { ...common, ...alone(1), name: 'sudden-ends', include: killingGateways, setupFiles: leakCheck } },
      {
        test: {
          ...common,
          ...portably,
          ...alone(2),
          name: 'portable-sudden-ends',
          include: ['test/e2e/sudden-death.test.ts'],
        },
      },
      // Takes a minute of doing nothing: `npm run clock`.
      ...(process.env['EXECGATE_CLOCK'] === undefined ? [] : [project('clock', 'test/clock/**/*.test.ts')]),
      // Takes minutes: `npm run endurance`.
      ...(process.env['EXECGATE_ENDURANCE'] === undefined
        ? []
        : [project('endurance', 'test/endurance/**/*.test.ts', leakCheck)]),
      // Needs a collector, Prometheus and Alertmanager: `npm run stack`.
      ...(process.env['EXECGATE_STACK'] === undefined ? [] : [project('stack', 'test/stack/**/*.test.ts')]),
    ],
  },
})
