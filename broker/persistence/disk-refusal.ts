// Why writes are refused while the disk fails: MISCONF, in Redis's words.

import type { Broker } from '../broker.ts'
import { brokerGates } from '../gates.ts'

const noSnapshots = `MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. `
  + 'Commands that may modify the data set are disabled, because this instance is configured to report errors during '
  + 'writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details '
  + 'about the RDB error.'

/** The bits of `Broker.gates` that `diskRefusal` explains. */
export const diskGates = brokerGates.failing | brokerGates.unsaved

/** To be asked when one of `diskGates` is set. */
export function diskRefusal(b: Broker): string {
  if ((b.gates & brokerGates.unsaved) !== 0) return noSnapshots
  return `MISCONF Errors writing to the AOF file: ${b.logFailure()}`
}
