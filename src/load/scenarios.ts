import type { Scenario } from './scenario.ts'
import { echo } from './scenarios/echo.ts'
import { idle } from './scenarios/idle.ts'
import { oneShot } from './scenarios/one-shot.ts'
import { ping } from './scenarios/ping.ts'
import { reconnect } from './scenarios/reconnect.ts'
import { slowConsumer } from './scenarios/slow-consumer.ts'
import { soak } from './scenarios/soak.ts'
import { stream } from './scenarios/stream.ts'
import type { ScenarioName } from '../telemetry/load-metrics.ts'

/** Everything a gateway can be stressed with. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  'one-shot': oneShot,
  ping,
  stream,
  echo,
  idle,
  reconnect,
  'slow-consumer': slowConsumer,
  soak,
}
