import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ExecClient, GatewayError, type Process, type StartOptions } from '../../../src/client/execgate-client.ts'
import { MessageProxy } from '../../support/message-proxy.ts'
import { numberedLines } from '../../support/numbered-lines.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { type Link, TcpProxy } from '../../support/tcp-proxy.ts'

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** A start that broke may have happened: the client does not repeat it, so whoever uses it does. */
async function startSomehow(client: ExecClient, script: string, options: StartOptions): Promise<Process> {
  for (;;) {
    try {
      return await client.start(script, options)
    } catch (error) {
      if (!(error instanceof GatewayError) || error.kind !== 'disconnected') throw error
    }
  }
}

async function collect(process: Process): Promise<{ stdout: Buffer; stderr: Buffer }> {
  const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  let last = 0
  for await (const { seq, stream, bytes } of process.output) {
    expect(seq).toBeGreaterThan(last)
    last = seq
    pieces[stream === 'stderr' ? 'stderr' : 'stdout'].push(bytes)
  }
  return { stdout: Buffer.concat(pieces.stdout), stderr: Buffer.concat(pieces.stderr) }
}

/** Writes line after line, each once the one before has come back, then ends the input. */
async function converse(client: ExecClient): Promise<void> {
  await using process = await startSomehow(client, 'tee /dev/stderr | sha256sum; exit 7', { stdin: 'pipe' })
  const said: string[] = []
  const writer = process.stdin.getWriter()
  const collected = collect(process)
  const echo = process.output[Symbol.asyncIterator]()
  let heard = ''
  for (let turn = 0; turn < 8; turn++) {
    const line = `line ${turn} ${'x'.repeat(turn * 50)}\n`
    said.push(line)
    await writer.write(line)
    while (!heard.includes(`line ${turn} `)) heard += String((await echo.next()).value?.bytes)
  }
  await writer.close()
  const input = Buffer.from(said.join(''))
  const { stdout, stderr } = await collected
  expect(stderr.toString()).toBe(input.toString())
  expect(stdout.toString()).toBe(`${sha256(input)}  -\n`)
  expect(await process.wait()).toMatchObject({ exitCode: 7 })
}

it('loses and repeats nothing wherever between two messages the connection breaks', { timeout: 120_000 }, async () => {
  await using gateway = await startGateway()
  await using proxy = await MessageProxy.open(gateway.url)
  const runWithCutAt = async (message: number) => {
    await using client = await ExecClient.connect(proxy.url, { retryMs: 1 })
    proxy.passed = 0
    proxy.cutsAt = message
    await converse(client)
    return proxy.passed
  }
  const messages = await runWithCutAt(Infinity)
  expect(messages).toBeGreaterThan(25)
  for (let message = 0; message < messages; message++) {
    await runWithCutAt(message)
    expect(proxy.cutsAt, `message ${message} of ${messages} was cut off`).toBe(Infinity)
  }
})

/** Each with up to eight cuts. `EXECGATE_CUT_SCENARIOS` tries more; fast-check prints the seed of a failure. */
const scenarios = Number(process.env['EXECGATE_CUT_SCENARIOS'] ?? 25)

it(
  'loses and repeats nothing wherever in the bytes connections break',
  { timeout: 300_000 + scenarios * 10_000 },
  async () => {
    const cut = fc.record({
      direction: fc.constantFrom('up' as const, 'down' as const),
      // The upgrade and the handshake, the conversation, the bulk.
      bytes: fc.oneof(fc.nat(2000), fc.nat(20_000), fc.nat(500_000)),
    })
    const scenario = fc.record({
      cuts: fc.array(cut, { minLength: 1, maxLength: 8 }),
      lines: fc.constantFrom(1000, 300_000),
      inputBytes: fc.constantFrom(10, 100_000, 2_000_000),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ cuts, lines, inputBytes }) => {
        const remaining = [...cuts]
        let isStarted = false
        const meet = (link: Link) => {
          const next = isStarted ? remaining.shift() : undefined
          if (next !== undefined) link.cutAfter(next.direction, next.bytes)
        }
        await using gateway = await startGateway()
        await using proxy = await TcpProxy.open(gateway.url, meet)
        await using client = await ExecClient.connect(proxy.url, { retryMs: 1 })
        const script = `seq 1 ${lines} & sha256sum >&2; wait; exit 7`
        isStarted = true
        meet(proxy.link)
        // A shell gives what runs in the background no input; here it needs none.
        await using process = await startSomehow(client, script, { stdin: 'pipe' })
        const input = Buffer.alloc(inputBytes, 'what a child is told, exactly once. ')
        const writer = process.stdin.getWriter()
        const written = writer.write(input).then(() => writer.close())
        const { stdout, stderr } = await collect(process)
        await written
        expect(await process.wait()).toMatchObject({ exitCode: 7 })
        expect(stdout.equals(numberedLines(1, lines))).toBe(true)
        expect(stderr.toString()).toBe(`${sha256(input)}  -\n`)
      }),
      { numRuns: scenarios, endOnFailure: true },
    )
  },
)
