// MULTI EXEC DISCARD WATCH UNWATCH: https://redis.io/docs/latest/develop/interact/transactions/

import type { Args } from '../../core/args.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import { clientGates } from '../connection.ts'
import type { Connection } from '../connection.ts'
import { call } from '../dispatch.ts'
import { beginTransaction, endTransaction, unmetExpectation } from '../transaction.ts'
import type { Transaction } from '../transaction.ts'

function multi(c: Connection, _a: Args, r: Reply): void {
  if (c.transaction !== undefined) {
    r.error('ERR MULTI calls can not be nested')
    return
  }
  beginTransaction(c)
  r.ok()
}

function discard(c: Connection, _a: Args, r: Reply): void {
  if (c.transaction === undefined) {
    r.error('ERR DISCARD without MULTI')
    return
  }
  endTransaction(c)
  r.ok()
}

function exec(c: Connection, _a: Args, r: Reply): void {
  const t = c.transaction
  if (t === undefined) {
    r.error('ERR EXEC without MULTI')
    return
  }
  const { broker } = c
  broker.watches.expireWatched(c)
  const { dirty } = c
  endTransaction(c)
  if (t.aborted) {
    r.error('EXECABORT Transaction discarded because of previous errors.')
    return
  }
  if (dirty) {
    r.nilArray()
    return
  }
  const unmet = t.expects ? unmetExpectation(c, t, r) : undefined
  if (unmet !== undefined) {
    r.error(`EXECABORT Transaction discarded because of: ${unmet}`)
    return
  }

  const { mayBlock } = c
  c.mayBlock = false
  broker.engine.beginGroup()
  const mark = r.at
  r.array(t.commands.length)
  runQueued(c, t, 0, r, mark, mayBlock)
}

/**
 * Runs the queued commands from the i-th on. A script among them that takes too long goes on in later turns, and the
 * rest after it.
 */
function runQueued(c: Connection, t: Transaction, i: number, r: Reply, mark: number, mayBlock: boolean): void {
  const { broker } = c
  for (; i < t.commands.length; i++) {
    // Access may have been taken away since the command was queued.
    const restricted = (c.gates & clientGates.restricted) !== 0
    const refusal = restricted ? broker.acl.refuseQueued(c, t.commands[i]!, t.args[i]!) : undefined
    if (refusal === undefined) call(broker, c, t.commands[i]!, t.args[i]!, r)
    else {
      r.error(refusal)
      broker.countError(t.commands[i]!, refusal)
    }
    const { busy } = broker.scripts
    if (busy === undefined) continue
    const written = Buffer.from(r.buf.subarray(mark, r.at))
    r.rewind(mark)
    const rest = i + 1
    busy.afterwards = (later, reply) => {
      const from = later.at
      later.append(written)
      reply(later)
      runQueued(c, t, rest, later, from, mayBlock)
    }
    return
  }
  broker.engine.endGroup()
  c.mayBlock = mayBlock
  // Errors of the commands were counted with them; EXEC itself did not fail.
  r.lastError = ''
}

function watch(c: Connection, a: Args, r: Reply): void {
  if (c.transaction !== undefined) {
    r.error('ERR WATCH inside MULTI is not allowed')
    return
  }
  // Who is marked already gains nothing by watching more.
  if (!c.dirty) for (let i = 1; i < a.count; i++) c.broker.watches.watch(c, a.copy(i))
  c.broker.hookKeys()
  r.ok()
}

function unwatch(c: Connection, _a: Args, r: Reply): void {
  c.broker.watches.unwatch(c)
  c.broker.hookKeys()
  r.ok()
}

const group = 'transactions'

export const transactionCommands: readonly BrokerSpec[] = [
  {
    name: 'multi', arity: 1, flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'], group, since: '1.2.0',
    summary: 'Begins a transaction: the commands that follow are queued.', complexity: 'O(1)',
    categories: ['transaction'], serve: multi,
  },
  {
    name: 'exec', arity: 1, flags: ['noscript', 'loading', 'stale', 'skip_slowlog'], group, since: '1.2.0',
    summary: 'Runs the queued commands as one.', complexity: 'Depends on commands in the transaction',
    categories: ['transaction'], serve: exec,
  },
  {
    name: 'discard', arity: 1, flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'], group, since: '2.0.0',
    summary: 'Forgets the queued commands and leaves the transaction.',
    complexity: 'O(N), when N is the number of queued commands', categories: ['transaction'], serve: discard,
  },
  {
    name: 'watch', arity: -2, flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'], group, since: '2.2.0',
    summary: 'Watches keys: the next EXEC runs only if none of them changed.', complexity: 'O(1) for every key.',
    categories: ['transaction'],
    keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
    arguments: [{ name: 'key', type: 'key', keySpec: 0, multiple: true }], serve: watch,
  },
  {
    name: 'unwatch', arity: 1, flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'], group, since: '2.2.0',
    summary: 'Forgets the watched keys.', complexity: 'O(1)', categories: ['transaction'], serve: unwatch,
  },
]
