// SLOWLOG GET, LEN, RESET.

import type { Args } from '../../core/args.ts'
import { wrongSubcommand } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { bindSubcommands } from './bind.ts'
import { slowlogSpec } from './slowlog-spec.ts'

const entriesDefault = 10

function get(c: Connection, a: Args, r: Reply): void {
  if (a.count > 3) return r.error(wrongSubcommand(a.shown(1), 'SLOWLOG'))
  const count = a.count > 2 ? a.int(2) : entriesDefault
  if (!(count >= -1)) return r.error('ERR count should be greater than or equal to -1')
  const entries = c.broker.slowlog.entries.slice(0, count < 0 ? undefined : count)
  r.array(entries.length)
  for (const entry of entries) {
    r.array(6)
    r.int(entry.id)
    r.int(entry.unixSeconds)
    r.int(entry.micros)
    r.array(entry.args.length)
    for (const arg of entry.args) r.bulk(arg, 0, arg.length)
    r.text(entry.addr)
    r.text(entry.name)
  }
}

export const slowlogCommands: readonly BrokerSpec[] = [bindSubcommands(slowlogSpec, {
  get,
  len: (c, _, r) => r.int(c.broker.slowlog.entries.length),
  reset: (c, _, r) => {
    c.broker.slowlog.reset()
    r.ok()
  },
})]
