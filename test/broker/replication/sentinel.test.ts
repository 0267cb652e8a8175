// Redis Sentinel, unchanged, watches a Millrace and its replicas: it finds them, promotes one when the master is gone, and
// has the others follow it, the old master when it is back, too.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { Redis } from 'ioredis'
import { freePort, requireRedis, ServerProcess, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { Scope } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { until } from '../../until.ts'
import { infoField, linkIsUp } from './attached.ts'

const name = 'millrace'
/** So long a server may stand still and is not taken for dead. */
const downAfterMs = 3000
const failoverTimeoutMs = 20_000
/** A sentinel that stood still itself trusts nothing for half a minute. */
const patienceMs = 120_000

async function startSentinel(scope: Scope, master: number): Promise<ServerProcess> {
  const dir = temporaryDirectory(scope)
  const port = await freePort()
  const file = path.join(dir, 'sentinel.conf')
  writeFileSync(file, [
    `port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, `sentinel monitor ${name} 127.0.0.1 ${master} 1`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`, `sentinel failover-timeout ${name} ${failoverTimeoutMs}`, '',
  ].join('\n'))
  const sentinel = new ServerProcess('sentinel', ['redis-server', file, '--sentinel'], port, dir)
  scope.teardown(() => sentinel.kill9())
  await sentinel.start()
  return sentinel
}

async function leaderOf(sentinel: RespClient): Promise<number> {
  return Number(/\$\d+\r\n(\d+)\r\n$/.exec(await sentinel.text('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name))?.[1])
}

/** By a connection of its own: Sentinel closes all of a server whose role it changes. */
async function follows(server: ServerProcess, port: number): Promise<boolean> {
  const client = await server.connect()
  try {
    // Sentinel takes its time: it is asked now and then.
    await sleep(100)
    return await infoField(client, 'master_port') === String(port) && await linkIsUp(client)
  } catch {
    return false
  } finally {
    client.destroy()
  }
}

test('a dead master is replaced by its replica, and comes back as one', async (t) => {
  if (!requireRedis(t)) return
  const first = await startMillrace(t)
  const args = ['--replicaof', `127.0.0.1 ${first.port}`]
  const second = await startMillrace(t, { args })
  // It is never promoted: it shows that those who follow are sent on.
  const third = await startRedis(t, { args: [...args, '--replica-priority', '0', '--repl-diskless-sync-delay', '0'] })
  const sentinel = await startSentinel(t, first.port)
  const asks = await sentinel.connect()
  for (const replica of [second, third]) await until(() => follows(replica, first.port))
  await until(async () => (await infoField(asks, 'master0'))?.includes('slaves=2') === true)

  const redis = new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name })
  redis.on('error', () => {})
  t.teardown(() => redis.disconnect())
  for (let i = 0; i < 100; i++) await redis.rpush('list', i)
  t.true(await redis.wait(2, 10_000) >= 2)
  await first.kill9()
  await until('the second leads', async () => await leaderOf(asks) === second.port, patienceMs)
  await until('the third follows it', () => follows(third, second.port), patienceMs)
  // The client has found the new one by itself.
  for (let i = 100; i < 200; i++) await redis.rpush('list', i)
  t.deepEqual(await redis.lrange('list', 0, -1), Array.from({ length: 200 }, (_, i) => String(i)))

  await first.start()
  await until('the first follows it', () => follows(first, second.port), patienceMs)
  const one = await first.connect()
  t.is(await one.text('LLEN', 'list'), ':200\r\n')
  one.destroy()
  asks.destroy()
})
