// MONITOR: from now on the client sees every command.

import type { BrokerSpec } from '../command.ts'
import { clientGates } from '../connection.ts'
import type { Connection } from '../connection.ts'
import { monitorSpec } from './server-spec.ts'

/** RESET and the end of the connection end it. */
export function endMonitor(c: Connection): void {
  c.broker.monitors.delete(c)
  c.setGate(clientGates.monitor, false)
}

export const monitorCommands: readonly BrokerSpec[] = [{
  ...monitorSpec,
  serve: (c, _, r) => {
    if (!c.mayBlock) return r.error(`ERR MONITOR isn't allowed for DENY BLOCKING client`)
    // Whoever monitors already gets no second OK.
    if (c.broker.monitors.has(c)) return
    c.broker.monitors.add(c)
    c.setGate(clientGates.monitor, true)
    r.ok()
  },
}]
