import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { conversation, type Exchange } from './exchanges.ts'
import { SideServer } from './server.ts'
import { startWeb } from './web.ts'

const { values } = parseArgs({
  options: {
    reference: { type: 'string' },
    exchanges: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
  },
})
const { reference } = values
if (reference === undefined)
  throw new Error('usage: npm run side-by-side -- --reference PROGRAM [--exchanges N] [--seed N]')

const launcher = fileURLToPath(new URL('../../bin/execgate.js', import.meta.url))
await using web = await startWeb()
await using ours = await SideServer.start([process.execPath, launcher], web.url(''))
await using theirs = await SideServer.start([reference], web.url(''))

/** What docs/compatibility.md gives a reason for. */
const explanations: readonly { readonly reason: string; readonly holds: (exchange: Exchange) => boolean }[] = [
  { reason: 'parameters by position', holds: ({ params }) => Array.isArray(params) },
  { reason: 'starts in a terminal', holds: ({ params }) => (params as { tty?: unknown } | null)?.tty === true },
]

const differences = new Map<string, { count: number; example: string }>()
const explained = new Map<string, number>()
let asked = 0
for (const exchanges of fc.sample(conversation, {
  seed: Number(values.seed),
  numRuns: Number(values.exchanges) / 20,
})) {
  await using one = await ours.connect()
  await using other = await theirs.connect()
  for (const exchange of exchanges) {
    const [our, their] = await Promise.all([one.ask(exchange), other.ask(exchange)])
    asked += 1
    if (our !== their) note(exchange, our, their)
  }
}
for (const [reason, count] of explained) process.stdout.write(`${count} × ${reason}: as docs/compatibility.md says\n`)
for (const [difference, { count, example }] of differences) {
  process.stdout.write(`${count} × ${difference}\n    ${example}\n`)
}
process.stdout.write(`${asked} exchanges, ${differences.size} kinds of differences that nobody has explained\n`)
process.exitCode = differences.size === 0 ? 0 : 1

function note(exchange: Exchange, our: string, their: string): void {
  const explanation = explanations.find(({ holds }) => holds(exchange))
  if (explanation !== undefined) {
    explained.set(explanation.reason, (explained.get(explanation.reason) ?? 0) + 1)
    return
  }
  const difference = `${exchange.method}: ${our.slice(0, 200)} | ${their.slice(0, 200)}`
  const known = differences.get(difference)
  if (known === undefined) differences.set(difference, { count: 1, example: JSON.stringify(exchange.params) })
  else known.count += 1
}
