import { ExecClient } from '../../src/client/execgate-client.ts'

/**
 * A client in a process of its own, so that it can be stopped: starts a command that waits for a line, says whose it is, and
 * tells how it ended for this client. The URL is its only argument.
 */
const [, , url = ''] = process.argv

await using client = await ExecClient.connect(url, { recoveryMs: 300, retryMs: 10 })
const command = await client.start(['/bin/sh', '-c', 'read line; echo "got $line"; read line; exit 7'], {
  stdin: 'pipe',
})
process.stdout.write(`${client.sessionId} ${command.id}\n`)
try {
  const { exitCode } = await command.wait()
  process.stdout.write(`exited with ${exitCode}\n`)
} catch (error) {
  process.stdout.write(`lost: ${error instanceof Error ? error.message : String(error)}\n`)
}
