// One class, one switch: `kind` says what happened, `isRetryable` whether the same call may work next time.
import { type Command, ExecClient, type ExecOptions, GatewayError } from 'execgate/client'

await using client = await ExecClient.connect(process.env['EXECGATE_URL'] ?? 'ws://127.0.0.1:7777', {
  // Nothing has to be done about an outage; it is good to know of it.
  stateChanged: state => {
    if (state !== 'closed') process.stderr.write(`the connection is ${state}\n`)
  },
})

async function explain(command: Command, options: ExecOptions = {}): Promise<string> {
  try {
    const { exitCode } = await client.exec(command, options)
    return `ended with ${exitCode}`
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    switch (error.kind) {
      case 'refused':
        return `cannot be started: ${error.message}`
      case 'timedOut':
        return 'took too long'
      case 'limitReached':
        return `reached the limit ${error.data?.limit?.name}`
      default:
        return `${error.kind}, ${error.isRetryable ? 'try again' : 'give up'}`
    }
  }
}

process.stdout.write(`${await explain(['true'])}\n`)
process.stdout.write(`${await explain(['/no/such/program'])}\n`)
process.stdout.write(`${await explain(['sleep', '60'], { timeoutMs: 50 })}\n`)
process.stdout.write(`${await explain(['seq', '100000'], { maxOutputBytes: 1000 })}\n`)
