// kill -9 of masters and replicas, and cut links, at random moments under load: in full syncs, in partial resyncs and in
// the running stream. In the end both hold the same, nothing acknowledged is lost or doubled, and nothing that WAIT
// promised is lost when the replica is promoted.

import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { seededRandom } from '../../compat/random.ts'
import type { Random } from '../../compat/random.ts'
import { readState, stateDifferences } from '../../compat/state.ts'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { Scope, ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { scale } from '../../scale.ts'
import { caughtUp, infoField, linkIsUp } from './attached.ts'
import { Wire } from './wire.ts'
import { until } from '../../until.ts'

type Start = (scope: Scope, options: { args: readonly string[] }) => Promise<ServerProcess>

const quick = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']
const keys = 1500

/** Writes to a server until it is told to stop, also across its restarts, and knows what was promised. */
class Load {
  on: boolean
  readonly counter: string
  /** The counter's last value that was acknowledged, that WAIT said to be with a replica, and that was asked for. */
  acknowledged: number
  withReplica: number
  asked: number
  readonly ended: Promise<void>
  private readonly server: ServerProcess

  constructor(scope: Scope, server: ServerProcess, counter: string) {
    scope.teardown(() => void (this.on = false))
    this.server = server
    this.on = true
    this.counter = counter
    this.acknowledged = 0
    this.withReplica = 0
    this.asked = 0
    this.ended = this.run()
  }

  private async run(): Promise<void> {
    for (let i = 0; this.on;) {
      let client: RespClient | undefined
      try {
        client = await this.server.connect()
        for (; this.on; i++) await this.write(client, i)
      } catch {
        // It was killed: another connection goes on when it is there again.
        await sleep(5)
      } finally {
        client?.destroy()
      }
    }
  }

  private async write(client: RespClient, i: number): Promise<void> {
    this.asked++
    const replies = await client.pipeline([
      ['INCR', this.counter], ['SET', `key:${(i * 7919) % keys}`, `${this.counter}${i}`], ['RPUSH', `list:${this.counter}`, String(i)],
      ['MULTI'], ['SADD', `set:${i % 7}`, `${this.counter}${i}`],
      ['XADD', `stream:${this.counter}`, 'MAXLEN', '~', '500', '*', 'f', String(i)], ['EXEC'],
      ['DEL', `key:${(i * 104_729) % keys}`], ['SET', `dated:${i % 50}`, 'v', 'PX', '30'],
    ])
    const count = /^:(\d+)\r\n$/.exec(replies[0]!.toString())
    if (count === null) return
    this.acknowledged = Number(count[1])
    if (i % 4 === 0 && await client.text('WAIT', 1, 200) !== ':0\r\n') this.withReplica = this.acknowledged
  }
}

async function fill(server: ServerProcess): Promise<void> {
  const client = await server.connect()
  for (let i = 0; i < keys; i += 500) {
    await client.pipeline(Array.from({ length: 500 }, (_, j) => ['SET', `key:${i + j}`, `${i + j}${'x'.repeat(900)}`]))
  }
  client.destroy()
}

async function noneDated(client: RespClient): Promise<boolean> {
  return await client.text('EXISTS', ...Array.from({ length: 50 }, (_, i) => `dated:${i}`)) === ':0\r\n'
}

/** One harm, and what heals it. */
async function harm(random: Random, master: ServerProcess, replica: ServerProcess, wire: Wire): Promise<string> {
  const what = random.pick(['master', 'replica', 'cut', 'resync', 'sync', 'sync and master', 'sync and replica'] as const)
  if (what.startsWith('sync')) {
    // It becomes another's history for a moment, and needs all anew.
    const client = await replica.connect()
    await client.call('REPLICAOF', 'NO', 'ONE')
    await client.call('SET', 'own', '1')
    await client.call('REPLICAOF', '127.0.0.1', wire.port)
    client.destroy()
    if (what === 'sync') wire.cutAfter(random.below(keys * 900))
  }
  if (what === 'resync') {
    wire.cut()
    wire.cutAfter(random.below(30_000))
  }
  await sleep(random.below(150))
  if (what === 'cut') wire.cut()
  const victim = what.endsWith('master') ? master : what.endsWith('replica') ? replica : undefined
  if (victim === undefined) return what
  await victim.kill9()
  await sleep(random.below(50))
  await victim.start()
  return what
}

const pairs: readonly [string, Start, Start][] = [
  ['Millrace → redis-server', startMillrace, startRedis], ['redis-server → Millrace', startRedis, startMillrace],
  ['Millrace → Millrace', startMillrace, startMillrace],
]

for (const [name, one, other] of pairs) {
  test.serial(`${name}: kills and cuts at random moments`, async (t) => {
    if (!requireRedis(t)) return
    const seed = Math.floor(Math.random() * 2 ** 31)
    const random = seededRandom(seed)
    const load = random.pick(['disabled', 'on-empty-db', 'swapdb'] as const)
    t.log(`seed ${seed}, repl-diskless-load ${load}`)
    const master = await one(t, { args: quick })
    await fill(master)
    const wire = await Wire.to(t, master.port)
    const replica = await other(t, { args: [...quick, '--repl-diskless-load', load, '--replicaof', `127.0.0.1 ${wire.port}`] })
    const loads = ['a', 'b'].map((counter) => new Load(t, master, counter))
    const done: string[] = []
    for (let round = 0; round < scale.replicationKills; round++) {
      await sleep(random.below(100))
      done.push(await harm(random, master, replica, wire))
    }
    t.log(done.join(', '))
    wire.cutAfter(Infinity)
    for (const load of loads) load.on = false
    await Promise.all(loads.map((load) => load.ended))
    const [leads, follows] = await Promise.all([master.connect(), replica.connect()])
    await until('the link is up', () => linkIsUp(follows))
    await until('what was dated is gone', () => noneDated(leads))
    await caughtUp(leads, follows)
    t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
    if (one === other) t.is(await leads.text('DEBUG', 'DIGEST'), await follows.text('DEBUG', 'DIGEST'))
    for (const { counter, acknowledged, asked } of loads) {
      const items = Number((await leads.text('LLEN', `list:${counter}`)).slice(1))
      const count = Number((await leads.text('GET', counter)).split('\r\n')[1])
      t.true(count >= acknowledged && count <= asked, `${counter}: ${count}, acknowledged ${acknowledged}, asked ${asked}`)
      t.true(items >= acknowledged && items <= asked, `${items} items, acknowledged ${acknowledged}, asked ${asked}`)
    }
    t.notRegex(master.output + replica.output, /CRITICAL|sending an error/)

    // The master dies for good, and the replica is promoted: what WAIT promised is there.
    const last = ['c', 'd', 'e'].map((counter) => new Load(t, master, counter))
    await until('WAIT promised something', async () => last.every(({ withReplica }) => withReplica > 0))
    await sleep(random.below(200))
    await master.kill9()
    for (const load of last) load.on = false
    t.is(await follows.text('REPLICAOF', 'NO', 'ONE'), '+OK\r\n')
    await Promise.all(last.map((load) => load.ended))
    for (const { counter, withReplica, asked } of last) {
      const count = Number((await follows.text('GET', counter)).split('\r\n')[1])
      t.true(count >= withReplica && count <= asked, `${counter}: ${count}, with a replica ${withReplica}, asked ${asked}`)
    }
    // And comes back to follow.
    await master.start()
    const again = await master.connect()
    await again.call('REPLICAOF', '127.0.0.1', replica.port)
    await until('the link is up', () => linkIsUp(again))
    await until('what was dated is gone', () => noneDated(follows))
    await caughtUp(follows, again)
    t.deepEqual(stateDifferences(await readState(replica.port), await readState(master.port), 'copy'), [])
    t.is(await infoField(again, 'role'), 'slave')
    for (const client of [leads, follows, again]) client.destroy()
  })
}

test.serial('after a crash of ours as a replica it goes on where its log ends', async (t) => {
  if (!requireRedis(t)) return
  // All that is written until the replica is back is kept for it, however long its start takes.
  const master = await startRedis(t, { args: [...quick, '--repl-backlog-size', '1gb'] })
  await fill(master)
  const replica = await startMillrace(t, { args: [...quick, '--replicaof', `127.0.0.1 ${master.port}`] })
  const leads = await master.connect()
  const load = new Load(t, master, 'a')
  for (let round = 1; round <= 3; round++) {
    const before = load.acknowledged
    const follows = await replica.connect()
    await until('the link is up', () => linkIsUp(follows))
    await until('it was sent something', async () => load.acknowledged > before + 50)
    await replica.kill9()
    await leads.call('PUBLISH', 'nobody', 'hears')
    await replica.start()
  }
  load.on = false
  await load.ended
  const follows = await replica.connect()
  await until('the link is up', () => linkIsUp(follows))
  await until('what was dated is gone', () => noneDated(leads))
  await caughtUp(leads, follows)
  t.is(await infoField(leads, 'sync_full'), '1')
  t.is(await infoField(leads, 'sync_partial_ok'), '3')
  t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
  for (const client of [leads, follows]) client.destroy()
})
