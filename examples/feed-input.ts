// Writes to a command while it runs. Every write arrives once, however often the connection breaks meanwhile.
import { ExecClient } from 'execgate/client'

await using client = await ExecClient.connect(process.env['EXECGATE_URL'] ?? 'ws://127.0.0.1:7777')

const sorted = await client.exec(['sort'], { input: 'pear\napple\n' })
process.stdout.write(sorted.stdout)

await using shell = await client.start(['sh'], { stdin: 'pipe' })
const writer = shell.stdin.getWriter()
await writer.write('echo "six times seven is $((6 * 7))"\n')
await writer.write('exit 4\n')
await writer.close()

for await (const { bytes } of shell.output) process.stdout.write(bytes)
process.stdout.write(`exit code ${(await shell.wait()).exitCode}\n`)
