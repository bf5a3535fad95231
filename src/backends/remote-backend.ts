import { type ClientOptions, ExecClient, type Server } from '../client/execgate-client.ts'
import type { ExecBackend } from './exec-backend.ts'

/** Commands run where the server is. @throws GatewayError when it cannot be connected to */
export function openRemoteBackend(server: Server, options: ClientOptions = {}): Promise<ExecBackend> {
  return ExecClient.connect(server, options)
}
