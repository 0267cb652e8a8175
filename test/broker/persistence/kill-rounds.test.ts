// kill -9 at random moments while a client counts and checkpoints are made: what was acknowledged is there afterwards,
// and the archive and the manifest are whole enough to start from.
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { seededRandom } from '../../compat/random.ts'
import { checkAof, hasRedis, startMillrace } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { scale } from '../../scale.ts'

const rounds = 8

/** Counts until the server is gone; returns the last count that was acknowledged. */
async function count(server: ServerProcess, from: number): Promise<number> {
  let last = from
  try {
    const client = await server.connect()
    for (;;) {
      const replies = await client.pipeline([['INCR', 'n'], ['RPUSH', 'l', 'x'], ['SET', `k${last % 500}`, String(last)]])
      last = Number(String(replies[0]).slice(1))
    }
  } catch {
    return last
  }
}

async function checkpoints(server: ServerProcess, words: readonly string[]): Promise<void> {
  try {
    const client = await server.connect()
    for (let i = 0; ; i++) {
      await client.text(words[i % words.length]!)
      await sleep(3)
    }
  } catch {
    // The server is gone.
  }
}

test('nothing acknowledged is lost to kill -9 during BGREWRITEAOF and BGSAVE', async (t) => {
  t.timeout(120_000)
  const r = seededRandom(scale.seed)
  t.log(`seed ${scale.seed}`)
  const server = await startMillrace(t)
  let acknowledged = 0
  for (let round = 0; round < rounds; round++) {
    const work = Promise.all([count(server, acknowledged), checkpoints(server, ['BGREWRITEAOF', 'BGSAVE'])])
    // Some rounds end while the log is folded, some after new bases were put in place.
    await sleep(20 + r.below(round % 2 === 0 ? 300 : 2000))
    await server.kill9()
    acknowledged = (await work)[0]
    await server.start()
    const client = await server.connect()
    const n = Number((await client.text('GET', 'n')).split('\r\n')[1])
    t.true(n >= acknowledged, `round ${round}: ${n} after ${acknowledged} were acknowledged`)
    const length = Number((await client.text('LLEN', 'l')).slice(1))
    t.true(length === n || length === n - 1, `round ${round}: ${length} of ${n}`)
    acknowledged = n
    client.destroy()
  }
  await server.terminate()
  if (hasRedis()) t.true(checkAof(server.dir).ok)
})
