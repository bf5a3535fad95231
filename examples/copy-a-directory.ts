// Copies a directory to the server and back. A copy that was cut goes on where it was, in the same program or a later one.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExecClient, type TransferProgress } from 'execgate/client'

await using client = await ExecClient.connect(process.env['EXECGATE_URL'] ?? 'ws://127.0.0.1:7777')
await using cleanUp = new AsyncDisposableStack()

const here = await mkdtemp(join(tmpdir(), 'execgate-example-'))
cleanUp.defer(() => rm(here, { recursive: true }))
const site = join(here, 'site')
await mkdir(site)
for (const name of ['one', 'two', 'three', 'four']) await writeFile(join(site, name), name.repeat(100_000))

const { stdout } = await client.exec(['mktemp', '-d'])
const there = stdout.trim()
cleanUp.defer(() => client.files.remove(there, { recursive: true }))

// Somebody stops the first run half-way. What it has done is in the journal.
const journal = join(here, 'site.journal')
const stop = new AbortController()
const stopHalfWay = ({ files, totalFiles }: TransferProgress) => {
  process.stdout.write(`${files} of ${totalFiles} files\n`)
  if (files === 2) stop.abort(new Error('stopped half-way'))
}
try {
  const options = { journal, concurrency: 1, signal: stop.signal, progress: stopHalfWay }
  await client.files.uploadDirectory(site, there, options)
} catch (error) {
  if (error !== stop.signal.reason) throw error
  process.stdout.write(`${(error as Error).message}\n`)
}

// The next run passes over what is in place, unless it has changed on either side.
const { files, bytes, keptBytes } = await client.files.uploadDirectory(site, there, { journal })
process.stdout.write(
  `${files} files are there, ${keptBytes < bytes && keptBytes > 0 ? 'some' : 'none'} since the first run\n`,
)

const back = join(here, 'back')
await client.files.downloadDirectory(there, back)
for (const name of (await readdir(site)).toSorted()) {
  const [sent, received] = await Promise.all([readFile(join(site, name)), readFile(join(back, name))])
  process.stdout.write(`${name}: ${sent.equals(received) ? 'the same' : 'different'}\n`)
}
