import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PathUri } from '../protocol/path-uri.ts'
import { EnvironmentInfo } from '../protocol/session-schemas.ts'
import { describeHost, noCapabilities, offerOf, systemFacts, type HostFacts } from './host-environment.ts'

const host: HostFacts = {
  environment: { PATH: '/bin', TMPDIR: '/scratch/' },
  loginShell: '/bin/bash',
  homeDir: '/home/u',
  tmpdir: '/scratch',
  platform: 'linux',
  cwd: () => '/srv/a b',
  isExecutableFile: path => path === '/bin/bash',
}
const baseOffer = { capabilities: noCapabilities, extensions: [] }

/** The description as a client receives it. */
function describeTo(facts: Partial<HostFacts>, offer = baseOffer): unknown {
  return JSON.parse(JSON.stringify(describeHost(offer, { ...host, ...facts })))
}

const described = {
  shell: { name: 'bash', path: '/bin/bash' },
  executorVersion: '0.169.0',
  cwd: 'file:///srv/a%20b',
  userHomeDir: 'file:///home/u',
  platformOs: 'linux',
  temporaryDirectories: ['file:///scratch'],
  tempDir: 'file:///scratch',
  capabilities: noCapabilities,
}

function without(member: keyof typeof described): Partial<typeof described> {
  return Object.fromEntries(Object.entries(described).filter(([name]) => name !== member))
}

const always = ['receipts', 'inputEnd', 'resize', 'signals', 'timeouts', 'firstRetainedSeq'] as const

it.each([
  ['read-write', true, true, [...always, 'atomicWrites', 'treeWatches']],
  ['read-only', true, false, [...always, 'treeWatches']],
  ['off', false, false, always],
] as const)('offers of files what %s leaves', (mode, fsWatchMissing, fileWriteStreaming, extensions) => {
  const bits = { ...noCapabilities, environmentConfigRead: true, httpHeaderEnvVars: true }
  expect(offerOf(mode)).toEqual({ capabilities: { ...bits, fsWatchMissing, fileWriteStreaming }, extensions })
})

describe('the description of the host', () => {
  it('holds what a client relies on, and no member without a value', () => {
    expect(describeTo({})).toStrictEqual(described)
  })

  it('promises nothing beyond the base protocol by default', () => {
    expect(Object.values(noCapabilities)).toHaveLength(13)
    expect(new Set(Object.values(noCapabilities))).toEqual(new Set([false]))
  })

  it('holds the capabilities and extensions of the gateway', () => {
    const capabilities = { ...noCapabilities, fsWatchMissing: true }
    const info = describeHost({ capabilities, extensions: ['execgate/x'] }, host)
    expect(info).toMatchObject({ capabilities, extensions: ['execgate/x'] })
  })

  it.each(['', 'relative', '/not\ufffdutf8', undefined])('loses the directories the system gives as %j', path => {
    expect(describeTo({ cwd: () => path })).toStrictEqual({ ...described, cwd: null })
    expect(describeTo({ homeDir: path })).toStrictEqual(without('userHomeDir'))
    expect(describeTo({ tmpdir: path })).toStrictEqual(without('tempDir'))
  })

  it('loses nothing but the kind of shell with the password database', () => {
    expect(describeTo({ loginShell: undefined, isExecutableFile: () => false })).toStrictEqual({
      ...described,
      shell: { name: 'sh', path: '/bin/sh' },
    })
  })

  it.each([
    [{}, []],
    [{ TMPDIR: '' }, []],
    [{ TMPDIR: '/a/../b' }, ['file:///b']],
    [{ TMPDIR: 'below' }, ['file:///srv/a%20b/below']],
    [{ TMPDIR: '/\ufffd' }, []],
  ])('lists the temporary directories of %j', (environment, temporaryDirectories) => {
    expect(describeTo({ environment })).toMatchObject({ temporaryDirectories })
  })

  it('knows no relative temporary directory without a working directory', () => {
    expect(describeTo({ environment: { TMPDIR: 'below' }, cwd: () => undefined })).toMatchObject({
      temporaryDirectories: [],
    })
  })

  it('is decodable whatever the system answers', () => {
    const text = fc.option(fc.string({ unit: 'binary' }), { nil: undefined })
    const path = fc.oneof(
      text,
      fc.string({ unit: 'binary' }).map(rest => `/${rest}`),
    )
    const anyHost = fc.record({
      environment: fc.dictionary(fc.constantFrom('PATH', 'TMPDIR', 'HOME'), path),
      loginShell: path,
      homeDir: path,
      tmpdir: path,
      platform: fc.constantFrom('linux' as const, 'macos' as const, 'windows' as const),
      cwd: path.map(answer => () => answer),
      isExecutableFile: fc.boolean().map(answer => () => answer),
    })
    fc.assert(
      fc.property(anyHost, facts => {
        const info = EnvironmentInfo.parse(describeTo(facts))
        const uris = [info.cwd, info.userHomeDir, info.tempDir, ...(info.temporaryDirectories ?? [])]
        for (const uri of uris) if (uri != null) expect(PathUri.parse(uri)).toBeInstanceOf(PathUri)
        expect(info.shell.path).toMatch(/^\//)
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Runs a module that has `systemFacts` in scope, and returns the value it prints as JSON. */
function runWithSystemFacts(program: string, cwd = process.cwd()): unknown {
  const module = new URL('host-environment.ts', import.meta.url).href
  const source = `import { systemFacts } from ${JSON.stringify(module)}\n${program}`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], { cwd, encoding: 'utf8' })
  return JSON.parse(stdout)
}

describe('the facts of this system', () => {
  it('make a description a client decodes, and name an existing shell', () => {
    const facts = systemFacts()
    const info = EnvironmentInfo.parse(JSON.parse(JSON.stringify(describeHost(baseOffer))))
    expect(info.cwd).toBe(PathUri.fromNative(process.cwd()).canonical)
    expect(facts.isExecutableFile(info.shell.path)).toBe(true)
  })

  it('tell executable files from others', () => {
    const facts = systemFacts()
    const executable = [process.execPath, tmpdir(), '/etc/passwd', '/no/such/file', '/a\0b'].filter(path =>
      facts.isExecutableFile(path),
    )
    expect(executable).toEqual([process.execPath])
  })

  it('lack the working directory once it is gone', () => {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'gone-')))
    const program = `
      import { rmdirSync } from 'node:fs'
      const facts = systemFacts()
      const before = facts.cwd()
      rmdirSync(process.cwd())
      console.log(JSON.stringify([before, facts.cwd() ?? null]))
    `
    expect(runWithSystemFacts(program, directory)).toEqual([directory, null])
  })

  it.skipIf(process.getuid?.() !== 0)('lack what only the password database knows for a user it does not know', () => {
    const program = `
      delete process.env.HOME
      process.setuid(54321)
      const { loginShell, homeDir } = systemFacts()
      console.log(JSON.stringify([loginShell ?? null, homeDir ?? null]))
    `
    expect(runWithSystemFacts(program)).toEqual([null, null])
  })
})
