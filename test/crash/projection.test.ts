// A projection under fire: two instances of it, they and the broker killed at random moments, while entries come. Each entry
// counts once, in order. The same over redis-server.
import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { Redis } from 'ioredis'
import { seededRandom } from '../compat/random.ts'
import { requireRedis, startMillrace, startRedis } from '../process.ts'
import { scale } from '../scale.ts'
import { until } from '../until.ts'

const users = 5
const batch = 100
const patienceMs = 5 * 60_000

for (const name of ['millrace', 'redis-server'] as const) {
  test.serial(`a projection counts each entry once over kills of it and of the broker (${name})`, async (t) => {
    if (name === 'redis-server' && !requireRedis(t)) return
    t.timeout(8 * 60_000)
    const broker = await (name === 'millrace' ? startMillrace(t) : startRedis(t, { appendfsync: 'no' }))
    const r = seededRandom(scale.seed)
    const redis = new Redis({ port: broker.port, host: '127.0.0.1', maxRetriesPerRequest: null })
    redis.on('error', () => {})
    t.teardown(() => redis.disconnect())
    const instances = [begin(broker.port), begin(broker.port)]
    t.teardown(() => instances.forEach((instance) => instance.kill('SIGKILL')))

    // Ids of the test's own: what was sent again after a loss is refused, not doubled.
    for (let from = 0; from < scale.projectedEntries; from += batch) {
      await Promise.all(Array.from({ length: batch }, (_, i) => add(redis, from + i)))
    }
    const folded = async (): Promise<number> => (await redis.hvals('totals:entries')).reduce((sum, n) => sum + Number(n), 0)
    const moments = Array.from({ length: scale.projectionKills }, () => r.below(scale.projectedEntries))
    for (const [i, moment] of moments.toSorted((a, b) => a - b).entries()) {
      await until(`${moment} entries are folded`, async () => await folded() >= moment, patienceMs)
      await sleep(r.below(20))
      if (i % 3 === 2) {
        await broker.kill9()
        await broker.start()
      } else {
        const which = r.below(2)
        instances[which]!.kill('SIGKILL')
        instances[which] = begin(broker.port)
      }
    }
    await until('all are folded', async () => await redis.get('totals:position') === `${scale.projectedEntries}-0`, patienceMs)

    for (let user = 0; user < users; user++) {
      const expected = Array.from({ length: scale.projectedEntries }, (_, n) => n).filter((n) => n % users === user).map(String)
      t.is(await redis.hget('totals:entries', `u${user}`), String(expected.length))
      t.deepEqual(await redis.lrange(`totals:order:u${user}`, 0, -1), expected)
    }
    t.log(`${scale.projectedEntries} entries, ${moments.length} kills, seed ${scale.seed}`)
  })
}

function begin(port: number): ChildProcess {
  const program = path.join(import.meta.dirname, 'projection-process.ts')
  return spawn(process.execPath, [program, String(port)], { stdio: 'inherit' })
}

async function add(redis: Redis, n: number): Promise<void> {
  await redis.xadd('events', `${n + 1}-0`, 'n', n, 'user', `u${n % users}`)
}
