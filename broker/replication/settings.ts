// What CONFIG SET changes in replication while it runs.

import type { Broker } from '../broker.ts'
import { brokerGates } from '../gates.ts'

export function linkReplicas(b: Broker): void {
  const { values } = b.config
  const gate = (): void => {
    if (values.minReplicasToWrite > 0 && values.minReplicasMaxLag > 0) b.gates |= brokerGates.replicas
    else b.gates &= ~brokerGates.replicas
  }
  gate()
  b.config.onChange(['min-replicas-to-write', 'min-replicas-max-lag'], gate)
  b.config.onChange(['repl-backlog-size'], () => {
    const { backlog } = b.replication
    if (backlog !== undefined) backlog.sizeBytes = values.replBacklogSize
  })
}
