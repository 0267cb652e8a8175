// The bridge to NATS as an extension of the broker.

import type { Broker } from '../../broker/broker.ts'
import type { Extension } from '../../broker/extension.ts'
import { Bridges } from './bridges.ts'
import { bridgeCommand, infoLines } from './commands.ts'
import { bridgeMetrics } from './metrics.ts'

const attached = new WeakMap<Broker, Bridges>()

export const bridgeExtension: Extension = {
  name: 'bridge',
  commands: [bridgeCommand((c) => attached.get(c.broker)!)],
  attach: (broker) => {
    const bridges = new Bridges(broker)
    attached.set(broker, bridges)
    return {
      turnEnded: (appended) => bridges.turnEnded(appended),
      tick: (monotonicMs) => bridges.tick(monotonicMs),
      stopping: () => bridges.stop(),
      info: [{ name: 'bridge', title: 'Bridge', lines: () => infoLines(bridges) }],
      metrics: () => bridgeMetrics(bridges),
    }
  },
}
