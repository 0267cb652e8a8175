// SCRIPT: the cache of scripts, and the end of one that runs for too long.

import type { Args } from '../../core/args.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { bindSubcommands } from './bind.ts'
import { scriptSpec } from './scripting-spec.ts'

function debug(_: Connection, a: Args, r: Reply): void {
  if (a.is(2, 'NO')) return r.ok()
  if (!a.is(2, 'YES') && !a.is(2, 'SYNC')) return r.error('ERR Use SCRIPT DEBUG YES/SYNC/NO')
  r.error('ERR SCRIPT DEBUG is not supported: there is no debugger here')
}

function exists(c: Connection, a: Args, r: Reply): void {
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) r.int(c.broker.scripts.cache.has(a.text(i).toLowerCase()) ? 1 : 0)
}

function flush(c: Connection, a: Args, r: Reply): void {
  if (a.count > 3 || (a.count === 3 && !a.is(2, 'SYNC') && !a.is(2, 'ASYNC'))) {
    return r.error('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
  }
  c.broker.scripts.flush()
  r.ok()
}

function load(c: Connection, a: Args, r: Reply): void {
  const script = c.broker.scripts.load(a.text(2), true)
  if (typeof script === 'string') r.error(script)
  else r.text(script.sha)
}

export const scriptCommands: readonly BrokerSpec[] = [bindSubcommands(scriptSpec, {
  debug, exists, flush, kill: (c, _, r) => c.broker.scripts.kill(r, 'eval'), load,
})]
