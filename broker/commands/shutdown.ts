// SHUTDOWN: makes the data safe and ends the server.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { saveAtStop } from '../persistence/save-at-stop.ts'
import { shutdownSpec } from './server-spec.ts'

function shutdown(c: Connection, a: Args, r: Reply): void {
  let save: 'save' | 'nosave' | undefined
  let [now, force, abort] = [false, false, false]
  for (let i = 1; i < a.count; i++) {
    if (a.is(i, 'SAVE') || a.is(i, 'NOSAVE')) {
      const asked = a.is(i, 'SAVE') ? 'save' : 'nosave'
      if (save !== undefined && save !== asked) return r.error(replies.syntax)
      save = asked
    } else if (a.is(i, 'NOW')) now = true
    else if (a.is(i, 'FORCE')) force = true
    else if (a.is(i, 'ABORT')) abort = true
    else return r.error(replies.syntax)
  }
  if (abort) {
    if (save !== undefined || now || force) return r.error(replies.syntax)
    // A stop takes no longer than one sync of the log: there is nothing to turn back from.
    return r.error('ERR No shutdown in progress.')
  }
  const { broker } = c
  if (broker.scripts.busy !== undefined && save !== 'nosave') return r.error(broker.scripts.busyError())
  broker.report('notice', 'User requested shutdown...')
  // While a load is on there is nothing to save yet, and what is there must not be replaced by a part of it.
  const wish = { save: broker.loading.active ? 'nosave' as const : save, now, force }
  if (!saveAtStop(broker, wish)) return r.error('ERR Errors trying to SHUTDOWN. Check logs.')
  broker.replicas.hurried = now
  void broker.stop().then(() => broker.onStopped?.())
}

export const shutdownCommands: readonly BrokerSpec[] = [{ ...shutdownSpec, serve: shutdown }]
