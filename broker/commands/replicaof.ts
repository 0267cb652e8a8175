// REPLICAOF and SLAVEOF: whom this server follows. https://redis.io/docs/latest/commands/replicaof/

import type { Args } from '../../core/args.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'

function replicaOf(c: Connection, a: Args, r: Reply): void {
  const { following, failover } = c.broker
  if (failover.active) return r.error('ERR REPLICAOF not allowed while failing over.')
  if (a.is(1, 'NO') && a.is(2, 'ONE')) {
    following.lead()
    return r.ok()
  }
  if (c.replica !== undefined && c.outputClass === 'slave') {
    return r.error('ERR Command is not valid when client is a replica.')
  }
  const port = a.int(2)
  if (!(port >= 0 && port <= 65535)) return r.error('ERR Invalid master port')
  if (following.follow(a.text(1), port)) r.ok()
  else r.simple('OK Already connected to specified master')
}

const flags = ['admin', 'noscript', 'stale', 'no_async_loading'] as const
const common = {
  arity: 3, flags, group: 'server', complexity: 'O(1)', serve: replicaOf,
  arguments: [{
    name: 'args', type: 'oneof', arguments: [
      { name: 'host-port', type: 'block', arguments: [
        { name: 'host', type: 'string' }, { name: 'port', type: 'integer' },
      ] },
      { name: 'no-one', type: 'block', arguments: [
        { name: 'no', type: 'pure-token', token: 'NO' }, { name: 'one', type: 'pure-token', token: 'ONE' },
      ] },
    ],
  }],
} as const

export const replicaofCommands: readonly BrokerSpec[] = [
  { ...common, name: 'replicaof', since: '5.0.0', summary: 'Follows another server, or nobody.' },
  {
    ...common, name: 'slaveof', since: '1.0.0', summary: 'Follows another server, or nobody.', docFlags: ['deprecated'],
    deprecatedSince: '5.0.0', replacedBy: '`REPLICAOF`',
  },
]
