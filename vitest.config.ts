import { defineConfig } from 'vitest/config'

/** Child exits are noticed through a process-wide signal that worker threads never get, hence forks. */
const pool = 'forks' as const

const project = (name: string, include: string, setupFiles: string[] = []) => ({
  test: { name, include: [include], pool, setupFiles, testTimeout: 30_000 },
})

/** The same tests once more, on the engine that is not the default here. */
const onPortableEngine = [
  'test/integration/{process-*,engine-ends,descendants,real-programs,backpressure,detached-output,limits,input-limits,retained-output}.test.ts',
  'test/conformance/conformance.test.ts',
  'test/e2e/{run,stdio,child-environment,sudden-death,shutdown,tested-node}.test.ts',
]

export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      project('unit', 'src/**/*.test.ts'),
      project('architecture', 'test/architecture/**/*.test.ts'),
      project('integration', 'test/integration/**/*.test.ts', ['test/support/leak-check.ts']),
      project('conformance', 'test/conformance/**/*.test.ts', ['test/support/leak-check.ts']),
      project('dashboards', 'test/dashboards/**/*.test.ts'),
      project('alerts', 'test/alerts/**/*.test.ts'),
      project('e2e', 'test/e2e/**/*.test.ts', ['test/support/leak-check.ts']),
      {
        test: {
          name: 'portable',
          include: onPortableEngine,
          pool,
          setupFiles: ['test/support/leak-check.ts'],
          testTimeout: 30_000,
          env: { EXECGATE_TESTED_ENGINE: 'portable' },
        },
      },
      // Takes a minute of doing nothing: `npm run clock`.
      ...(process.env['EXECGATE_CLOCK'] === undefined ? [] : [project('clock', 'test/clock/**/*.test.ts')]),
      // Takes minutes: `npm run endurance`.
      ...(process.env['EXECGATE_ENDURANCE'] === undefined
        ? []
        : [project('endurance', 'test/endurance/**/*.test.ts', ['test/support/leak-check.ts'])]),
      // Needs a collector, Prometheus and Alertmanager: `npm run stack`.
      ...(process.env['EXECGATE_STACK'] === undefined ? [] : [project('stack', 'test/stack/**/*.test.ts')]),
    ],
  },
})
