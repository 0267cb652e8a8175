// Where each broker's policies are at work: commands find by it what their client's broker has.

import type { Broker } from '../../broker/broker.ts'
import { InnerClient } from '../../broker/inner-client.ts'
import type { Scene } from './writer.ts'

const scenes = new WeakMap<Broker, Scene>()

export function sceneOf(broker: Broker): Scene {
  const known = scenes.get(broker)
  if (known !== undefined) return known
  const scene: Scene = {
    engine: broker.engine,
    writer: new InnerClient(broker, 'policies'),
    deeds: { deadLetters: 0, reapedConsumers: 0, releasedEntries: 0, dueItems: 0, failures: 0 },
    aliveSinceMs: 0,
    report: (text) => broker.report('warning', text),
  }
  scenes.set(broker, scene)
  return scene
}
