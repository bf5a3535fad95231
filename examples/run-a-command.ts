// Runs a command to its end. A non-zero exit code is a result, not an error.
import { ExecClient } from 'execgate/client'

await using client = await ExecClient.connect(process.env['EXECGATE_URL'] ?? 'ws://127.0.0.1:7777')

const listing = await client.exec(['ls', '-a', '/'], { timeoutMs: 10_000 })
process.stdout.write(listing.stdout)

const failed = await client.exec('echo "to both" | tee /dev/stderr; exit 3', { cwd: '/tmp', env: { LANG: 'C' } })
process.stdout.write(`exit code ${failed.exitCode}, standard error ${JSON.stringify(failed.stderr)}\n`)

const { receipt } = failed
if (receipt) process.stdout.write(`cause ${receipt.cause}, ${Object.keys(receipt).length} things known about it\n`)
