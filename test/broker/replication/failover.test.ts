// FAILOVER between Millrace and redis-server, in each direction: the roles change places, nothing acknowledged is lost,
// nobody needs the whole dataset anew; and what happens when the replica does not come along.

import test from 'ava'
import { readState, stateDifferences } from '../../compat/state.ts'
import type { Scope, ServerProcess } from '../../process.ts'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { caughtUp, infoField, linkIsUp } from './attached.ts'
import { until } from '../../until.ts'

const quick = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']

type Start = (scope: Scope, options: { args: readonly string[] }) => Promise<ServerProcess>
type Pair = { master: ServerProcess, replica: ServerProcess, leads: RespClient, follows: RespClient }

async function pair(scope: Scope, one: Start, other: Start): Promise<Pair> {
  const master = await one(scope, { args: quick })
  const leads = await master.connect()
  await leads.pipeline(Array.from({ length: 200 }, (_, i) => ['SET', `k${i}`, i]))
  const replica = await other(scope, { args: [...quick, '--replicaof', `127.0.0.1 ${master.port}`] })
  const follows = await replica.connect()
  await until('the link is up', () => linkIsUp(follows))
  await until('it is online', async () => /state=online/.test(await infoField(leads, 'slave0') ?? ''))
  return { master, replica, leads, follows }
}

function isState(client: RespClient, state: string): Promise<boolean> {
  return infoField(client, 'master_failover_state').then((found) => found === state)
}

const directions: readonly [string, Start, Start][] = [
  ['Millrace → redis-server', startMillrace, startRedis], ['redis-server → Millrace', startRedis, startMillrace],
  ['Millrace → Millrace', startMillrace, startMillrace],
]

for (const [name, one, other] of directions) {
  test(`${name}: the roles change places under load, and no acknowledged write is lost`, async (t) => {
    if (!requireRedis(t)) return
    const { master, replica, leads, follows } = await pair(t, one, other)
    const load = { on: true }
    const acknowledged = new Map<string, number>()
    /** Writes to whoever leads: READONLY sends it to the other. */
    const writer = async (counter: string): Promise<void> => {
      const clients = await Promise.all([master.connect(), replica.connect()])
      for (let at = 0, count = 0; load.on;) {
        const reply = await clients[at]!.text('INCR', counter)
        if (reply.startsWith(':')) {
          t.is(reply, `:${++count}\r\n`)
          acknowledged.set(counter, count)
        } else {
          t.regex(reply, /^-READONLY/)
          at = 1 - at
        }
      }
      for (const client of clients) client.destroy()
    }
    const writers = ['a', 'b', 'c'].map((counter) => writer(counter))
    await until('there is load', async () => acknowledged.size === 3)
    const waiter = await master.connect()
    waiter.sendRaw('BLPOP nothing 0\r\n')
    await until('it waits', async () => await infoField(leads, 'blocked_clients') === '1')
    t.is(await leads.text('FAILOVER', 'TO', '127.0.0.1', replica.port, 'TIMEOUT', 60_000), '+OK\r\n')
    await until('the roles have changed', async () => await isState(leads, 'no-failover') && await infoField(leads, 'role') === 'slave'
      && await infoField(follows, 'role') === 'master' && await linkIsUp(leads))
    const before = acknowledged.get('a')!
    await until('writes go on', async () => acknowledged.get('a')! > before + 20)
    load.on = false
    await Promise.all(writers)
    await caughtUp(follows, leads)
    for (const [counter, count] of acknowledged) {
      t.is(await leads.text('GET', counter), `$${String(count).length}\r\n${count}\r\n`)
    }
    t.is(await leads.text('DEBUG', 'DIGEST'), await follows.text('DEBUG', 'DIGEST'))
    t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
    t.is(await infoField(follows, 'sync_full'), '0')
    t.is(await infoField(follows, 'sync_partial_ok'), '1')
    t.is(await infoField(follows, 'master_replid2'), await infoField(leads, 'master_replid2'))
    t.is((await waiter.take(1))[0]!.toString(),
      '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n')
    await waiter.closed

    // And back again.
    t.is(await follows.text('FAILOVER'), '+OK\r\n')
    await until('the roles have changed again', async () => await infoField(leads, 'role') === 'master' && await linkIsUp(follows))
    t.is(await leads.text('SET', 'last', '1'), '+OK\r\n')
    await caughtUp(leads, follows)
    t.is(await infoField(leads, 'sync_full'), '1', 'that of the beginning')
    t.is(await leads.text('DEBUG', 'DIGEST'), await follows.text('DEBUG', 'DIGEST'))
  })
}

test('what FAILOVER, PSYNC FAILOVER and REPLICAOF are answered is what redis-server answers', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([pair(t, startMillrace, startRedis), pair(t, startRedis, startRedis)])
  const follower = await pair(t, startRedis, startMillrace)
  const known = `TO 127.0.0.1 ${ours.replica.port}`
  const calls = [
    'FAILOVER ABORT', 'FAILOVER NOPE', 'FAILOVER TIMEOUT 0', 'FAILOVER TIMEOUT -1', 'FAILOVER TIMEOUT x', 'FAILOVER TIMEOUT',
    'FAILOVER TO a', 'FAILOVER TO a x', 'FAILOVER TO a 1', 'FAILOVER TO 127.0.0.1 1', 'FAILOVER FORCE', 'FAILOVER FORCE TIMEOUT 5',
    'FAILOVER TO a 1 FORCE', `FAILOVER ${known} FORCE`, 'FAILOVER FORCE FORCE', 'FAILOVER ABORT TIMEOUT 5',
    'FAILOVER TIMEOUT 1 TIMEOUT 1', 'FAILOVER TO a 1 TO a 1', 'PSYNC ? -1 FAILOVER', 'PSYNC nonsense 1 FAILOVER', 'PSYNC a x FAILOVER',
  ]
  const answers = async ({ leads, replica }: Pair): Promise<string[]> => {
    const list: string[] = []
    for (const call of calls) {
      list.push(`${call}: ${await leads.text(...call.replace(String(ours.replica.port), String(replica.port)).split(' '))}`)
    }
    // A replica that says nothing: the failover waits.
    process.kill(replica.pid, 'SIGSTOP')
    await leads.call('SET', 'a', '1')
    list.push(await leads.text('FAILOVER'))
    for (const call of ['FAILOVER', 'FAILOVER TIMEOUT 5', 'REPLICAOF NO ONE', 'REPLICAOF 127.0.0.1 1', 'PSYNC ? -1', 'SYNC']) {
      list.push(`${call}: ${await leads.text(...call.split(' '))}`)
    }
    list.push(String(await infoField(leads, 'master_failover_state')), await leads.text('FAILOVER', 'ABORT'))
    list.push(String(await infoField(leads, 'master_failover_state')), await leads.text('SET', 'a', '2'))
    process.kill(replica.pid, 'SIGCONT')
    return list
  }
  t.deepEqual(await answers(ours), await answers(theirs))
  for (const call of ['FAILOVER', 'FAILOVER TIMEOUT 0', 'FAILOVER ABORT', 'PSYNC nonsense 1 FAILOVER']) {
    t.is(await follower.follows.text(...call.split(' ')), await theirs.follows.text(...call.split(' ')), call)
  }
  // Replicas whose master is gone serve nobody.
  await Promise.all([follower.master.kill9(), theirs.master.kill9()])
  for (const client of [follower.follows, theirs.follows]) {
    await until('the link is down', async () => await infoField(client, 'master_link_status') === 'down')
    t.is(await client.text('PSYNC', '?', '-1'), "-NOMASTERLINK Can't SYNC while not connected with my master\r\n")
  }
})

test('a replica that does not catch up: writes wait until the time is over; FORCE hands over all the same', async (t) => {
  if (!requireRedis(t)) return
  const { master, replica, leads } = await pair(t, startMillrace, startRedis)
  const writer = await master.connect()
  process.kill(replica.pid, 'SIGSTOP')
  await leads.call('SET', 'a', '1')
  t.is(await leads.text('FAILOVER'), '+OK\r\n')
  t.true(await isState(leads, 'waiting-for-sync'))
  const written: string[] = []
  let write = writer.text('SET', 'a', '2').then((reply) => written.push(reply))
  t.is(await leads.text('GET', 'a'), '$1\r\n1\r\n')
  t.is(await leads.text('CLIENT', 'UNPAUSE'), '+OK\r\n')
  t.true(await isState(leads, 'waiting-for-sync'))
  t.deepEqual(written, [], 'it is not for CLIENT UNPAUSE to let writes go on')
  t.is(await leads.text('FAILOVER', 'ABORT'), '+OK\r\n')
  await write
  t.is(await leads.text('FAILOVER', 'TIMEOUT', 500), '+OK\r\n')
  write = writer.text('SET', 'a', '2').then((reply) => written.push(reply))
  await until('the time is over', () => isState(leads, 'no-failover'))
  await write
  t.deepEqual(written, ['+OK\r\n', '+OK\r\n'])
  t.is(await infoField(leads, 'role'), 'master')

  // By force: it is asked to take over as soon as it hears again, though it lacks a write.
  t.is(await leads.text('FAILOVER', 'TO', '127.0.0.1', replica.port, 'FORCE', 'TIMEOUT', 100), '+OK\r\n')
  await until('it is handed over', () => isState(leads, 'failover-in-progress'))
  t.is(await infoField(leads, 'role'), 'slave')
  t.is(await leads.text('FAILOVER', 'ABORT'), '+OK\r\n')
  t.is(await infoField(leads, 'role'), 'master')
  t.is(await writer.text('SET', 'a', '3'), '+OK\r\n')
  process.kill(replica.pid, 'SIGCONT')
  const theirs = await replica.connect()
  // What was asked before the abort may make it a master; then it is told to follow again.
  await until('the link is up', async () => {
    if (await infoField(theirs, 'role') === 'master') await theirs.call('REPLICAOF', '127.0.0.1', master.port)
    return linkIsUp(theirs)
  })
  await caughtUp(leads, theirs)
  t.is(await theirs.text('GET', 'a'), '$1\r\n3\r\n')
})

test('a replica that refuses to take over ends the failover, and we lead on', async (t) => {
  if (!requireRedis(t)) return
  const { replica, leads, follows } = await pair(t, startMillrace, startRedis)
  // It is promoted by somebody else in the very moment: by force, because a replica that left is never in sync.
  process.kill(replica.pid, 'SIGSTOP')
  follows.sendRaw('REPLICAOF NO ONE\r\n')
  await leads.call('FAILOVER', 'TO', '127.0.0.1', replica.port, 'FORCE', 'TIMEOUT', 100)
  await until('it is handed over', () => isState(leads, 'failover-in-progress'))
  process.kill(replica.pid, 'SIGCONT')
  await until('it is over', () => isState(leads, 'no-failover'))
  t.is(await infoField(leads, 'role'), 'master')
  t.is(await leads.text('SET', 'a', '1'), '+OK\r\n')
})
