// TIME and ROLE: what the server knows about itself in one line.

import type { BrokerSpec } from '../command.ts'
import { writeRole } from './info-replication.ts'
import { roleSpec, timeSpec } from './server-spec.ts'

export const timeCommands: readonly BrokerSpec[] = [
  {
    ...timeSpec,
    serve: (c, _, r) => {
      const micros = c.broker.engine.clock.nowUs()
      r.array(2)
      r.text(String(Math.floor(micros / 1e6)))
      r.text(String(micros % 1e6))
    },
  },
  { ...roleSpec, serve: (c, _, r) => writeRole(c, r) },
]
