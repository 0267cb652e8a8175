// SYNC, PSYNC, REPLCONF: how a replica comes, and what it tells meanwhile.
// https://redis.io/docs/latest/operate/oss_and_stack/management/replication/ ; the words are those of redis-server 7.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import type { Replica } from '../replication/replica.ts'

const group = 'server'

/** Why the client can't become a replica just now. */
function refusal(c: Connection, r: Reply): string | undefined {
  const { answers, failover, following } = c.broker
  if (failover.active) return "NOMASTERLINK Can't SYNC while failing over"
  if (following.isReplica && !following.isUp) return "NOMASTERLINK Can't SYNC while not connected with my master"
  if (c.heldBytes > 0 || r.at !== answers.currentFrom) return 'ERR SYNC and PSYNC are invalid with pending output'
  return undefined
}

function sync(c: Connection, _: Args, r: Reply): void {
  begin(c, '', 0, true, r)
}

function psync(c: Connection, a: Args, r: Reply): void {
  if (a.count > 3 && a.is(3, 'FAILOVER') && c.outputClass !== 'slave') {
    const wrong = takeOver(c, a.text(1))
    if (wrong !== undefined) return r.error(wrong)
  }
  begin(c, a.text(1), a.int(2), false, r)
}

/** Our master hands its role over to us; returns why not. */
function takeOver(c: Connection, replid: string): string | undefined {
  const { following, replication, report } = c.broker
  const asked = replid.toLowerCase()
  if (!following.isReplica) {
    // We took over already, and the answer was lost.
    return asked === replication.replid2 ? undefined : "ERR PSYNC FAILOVER can't be sent to a master."
  }
  if (asked !== replication.replid) return 'ERR PSYNC FAILOVER replid must match my replid.'
  report('notice', `${c.addr} hands the role of the master over to us`)
  following.lead()
  return undefined
}

function begin(c: Connection, replid: string, next: number, plain: boolean, r: Reply): void {
  // Who is a replica already asks in vain, and hears nothing.
  if (c.outputClass === 'slave') return
  const wrong = refusal(c, r)
  if (wrong !== undefined) return r.error(wrong)
  if (Number.isNaN(next)) return r.error(replies.notInteger)
  c.broker.replicas.sync(c, replid, next, plain)
}

function replconf(c: Connection, a: Args, r: Reply): void {
  if (a.count % 2 === 0) return r.error(replies.syntax)
  const { replicas } = c.broker
  if (a.is(1, 'ACK')) {
    // It has no reply: the stream must hold nothing that a replica did not ask for.
    const onDisk = a.count > 4 && a.is(3, 'FACK') ? a.int(4) : 0
    if (c.replica !== undefined && c.outputClass === 'slave') replicas.heard(c.replica, a.int(2), onDisk)
    return
  }
  if (a.is(1, 'GETACK')) return
  const replica = replicas.of(c)
  for (let i = 1; i < a.count; i += 2) {
    const wrong = option(replica, a, i)
    if (wrong !== undefined) return r.error(wrong)
  }
  r.ok()
}

/** Reads the option at argument i; returns the error. */
function option(replica: Replica, a: Args, i: number): string | undefined {
  if (a.is(i, 'LISTENING-PORT')) {
    const port = a.int(i + 1)
    if (Number.isNaN(port)) return replies.notInteger
    replica.listeningPort = port
  } else if (a.is(i, 'IP-ADDRESS')) {
    const size = a.size(i + 1)
    if (size > 45) return `ERR REPLCONF ip-address provided by replica instance is too long: ${size} bytes`
    replica.announcedIp = a.text(i + 1)
  } else if (a.is(i, 'CAPA')) {
    // Capabilities that nobody here knows are no error: later replicas may have more.
    if (a.is(i + 1, 'EOF')) replica.readsMarks = true
    else if (a.is(i + 1, 'PSYNC2')) replica.followsHistories = true
  } else if (a.is(i, 'RDB-ONLY')) {
    const only = a.int(i + 1)
    if (Number.isNaN(only)) return replies.notInteger
    replica.rdbOnly = only === 1
  } else if (a.is(i, 'RDB-FILTER-ONLY')) {
    const words = a.text(i + 1).split(' ').filter((word) => word !== '')
    const strange = words.find((word) => word !== 'functions')
    if (strange !== undefined) return `ERR Unsupported rdb-filter-only option: ${strange}`
    replica.libraryOnly = words.includes('functions')
  } else if (a.is(i, 'VERSION')) return undefined
  else return `ERR Unrecognized REPLCONF option: ${a.text(i)}`
  return undefined
}

export const replicationCommands: readonly BrokerSpec[] = [
  {
    name: 'sync', arity: 1, flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'], group, since: '1.0.0',
    summary: 'Makes the client a replica, with the whole dataset first.', complexity: 'Depends on the dataset',
    serve: sync,
  },
  {
    name: 'psync', arity: -3, flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'], group, since: '2.8.0',
    summary: 'Makes the client a replica, which goes on where it was if that is possible.', complexity: 'O(1)',
    arguments: [{ name: 'replicationid', type: 'string' }, { name: 'offset', type: 'integer' }], serve: psync,
  },
  {
    name: 'replconf', arity: -1, flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'], group, since: '3.0.0',
    summary: 'Tells the master what a replica is and how far it has come.', complexity: 'O(1)', docFlags: ['syscmd'],
    serve: replconf,
  },
]
