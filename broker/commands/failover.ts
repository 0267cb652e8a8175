// FAILOVER: hands our role over to a replica. https://redis.io/docs/latest/commands/failover/

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { failoverRefusal } from '../replication/failover.ts'
import type { FailoverOptions } from '../replication/failover.ts'

function failover(c: Connection, a: Args, r: Reply): void {
  const { failover: running } = c.broker
  if (a.count === 2 && a.is(1, 'ABORT')) {
    if (!running.active) return r.error('ERR No failover in progress.')
    running.abort('by the operator')
    return r.ok()
  }
  const options = readOptions(a)
  if (typeof options === 'string') return r.error(options)
  const refusal = failoverRefusal(c.broker, options)
  if (refusal !== undefined) return r.error(refusal)
  running.begin(options)
  r.ok()
}

/** The options, or the error. */
function readOptions(a: Args): FailoverOptions | string {
  const options: FailoverOptions = { target: undefined, timeoutMs: 0, forced: false }
  for (let i = 1; i < a.count; i++) {
    if (a.is(i, 'TIMEOUT') && i + 1 < a.count && options.timeoutMs === 0) {
      options.timeoutMs = a.int(++i)
      if (Number.isNaN(options.timeoutMs)) return replies.notInteger
      if (options.timeoutMs <= 0) return 'ERR FAILOVER timeout must be greater than 0'
    } else if (a.is(i, 'TO') && i + 2 < a.count && options.target === undefined) {
      const port = a.int(i + 2)
      if (Number.isNaN(port)) return replies.notInteger
      options.target = { host: a.text(i + 1), port }
      i += 2
    } else if (a.is(i, 'FORCE') && !options.forced) options.forced = true
    else return replies.syntax
  }
  return options
}

export const failoverCommands: readonly BrokerSpec[] = [{
  name: 'failover', arity: -1, flags: ['admin', 'noscript', 'stale'], group: 'server', since: '6.2.0',
  summary: 'Hands the role of this server over to one of its replicas.', complexity: 'O(1)', serve: failover,
  arguments: [
    {
      name: 'target', type: 'block', token: 'TO', optional: true,
      arguments: [
        { name: 'host', type: 'string' }, { name: 'port', type: 'integer' },
        { name: 'force', type: 'pure-token', token: 'FORCE', optional: true },
      ],
    },
    { name: 'abort', type: 'pure-token', token: 'ABORT', optional: true },
    { name: 'milliseconds', type: 'integer', token: 'TIMEOUT', optional: true },
  ],
}]
