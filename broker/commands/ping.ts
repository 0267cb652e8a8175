// PING: the one command that everybody sends first.

import type { Args } from '../../core/args.ts'
import { wrongArity } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import { clientGates } from '../connection.ts'
import type { Connection } from '../connection.ts'

function ping(c: Connection, a: Args, r: Reply): void {
  if (a.count > 2) {
    r.error(wrongArity('ping'))
    return
  }
  if ((c.gates & clientGates.subscribed) !== 0 && c.resp === 2) {
    r.array(2)
    r.text('pong')
    if (a.count === 2) r.bulk(a.buf, a.start[1]!, a.end[1]!)
    else r.text('')
  } else if (a.count === 2) r.bulk(a.buf, a.start[1]!, a.end[1]!)
  else r.simple('PONG')
}

export const pingCommands: readonly BrokerSpec[] = [{
  name: 'ping', arity: -1, flags: ['fast'], group: 'connection', since: '1.0.0',
  summary: 'Answers PONG, or the given message.', complexity: 'O(1)', categories: ['connection'],
  arguments: [{ name: 'message', type: 'string', optional: true }],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  serve: ping,
}]
