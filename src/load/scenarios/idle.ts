import type { Scenario } from '../scenario.ts'
import { askStatus } from './ping.ts'

/** Connected at the same time: handshakes of hundreds at once would only wait for each other. */
const connectingAtOnce = 32

export const idle: Scenario = {
  help: 'ask for environment/status while --sessions others are connected and silent.',
  surround: async stage => {
    let left = stage.settings.sessions
    const connectInTurn = async () => {
      while (left > 0) {
        left -= 1
        await stage.connect()
      }
    }
    await Promise.all(Array.from({ length: connectingAtOnce }, connectInTurn))
  },
  prepare: async stage => askStatus(await stage.connect()),
}
