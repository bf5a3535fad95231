// Takes output while the command writes it, and stops it when enough has been seen.
import { ExecClient } from 'execgate/client'

await using client = await ExecClient.connect(process.env['EXECGATE_URL'] ?? 'ws://127.0.0.1:7777')
await using counting = await client.start('n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.01; done')

let seen = ''
for await (const { stream, bytes } of counting.output) {
  if (stream === 'stdout') seen += bytes.toString()
  if (seen.includes('tick 3\n')) break
}
process.stdout.write(seen.slice(0, seen.indexOf('tick 3\n') + 7))

await counting.kill()
const { exitCode } = await counting.wait()
process.stdout.write(`ended with ${exitCode}\n`)
