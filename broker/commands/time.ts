// TIME, LASTSAVE and ROLE: what the server knows about itself in one line.

import type { BrokerSpec } from '../command.ts'
import { writeRole } from './info-replication.ts'
import { lastsaveSpec, roleSpec, timeSpec } from './server-spec.ts'

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
  // Without checkpoints so far, what is on disk is as old as the start at most.
  { ...lastsaveSpec, serve: (c, _, r) => r.int(Math.floor(c.broker.startedMs / 1000)) },
  { ...roleSpec, serve: (c, _, r) => writeRole(c, r) },
]
