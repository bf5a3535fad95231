import { type ClientOptions, ExecClient, type LinkState } from '../../src/client/execgate-client.ts'
import { type ScriptedConnection, ScriptedServer } from './scripted-server.ts'

export interface ConnectedClient extends AsyncDisposable {
  readonly server: ScriptedServer
  readonly client: ExecClient
  /** The first connection, handshake done. */
  readonly connection: ScriptedConnection
  /** Every state the client has come to since. */
  readonly states: LinkState[]
  /** Resolves when the client has come to the state, after everything it has come to so far. */
  reaches(state: LinkState): Promise<void>
}

/** A client that is connected to a scripted server. */
export async function connectClient(options: ClientOptions = {}): Promise<ConnectedClient> {
  await using acquired = new AsyncDisposableStack()
  const server = acquired.use(await ScriptedServer.open())
  const states: LinkState[] = []
  const waiting = new Set<(state: LinkState) => void>()
  const connecting = ExecClient.connect(server.url, {
    ...options,
    stateChanged: state => {
      states.push(state)
      for (const look of waiting) look(state)
    },
  })
  const connection = await server.connection()
  await connection.greets()
  const client = await connecting
  acquired.defer(() => client.detach())
  const owned = acquired.move()
  return {
    server,
    client,
    connection,
    states,
    reaches: wanted =>
      new Promise(resolve => {
        const look = (state: LinkState) => {
          if (state !== wanted) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        if (client.state === wanted) look(wanted)
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
