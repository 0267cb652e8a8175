// kill -9 at random moments while a client counts and checkpoints are made: what was acknowledged is there afterwards,
// and the archive and the manifest are whole enough to start from.
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { seededRandom } from '../../compat/random.ts'
import type { Random } from '../../compat/random.ts'
import { checkAof, program, requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { scale } from '../../scale.ts'
import { childrenOf } from '../children.ts'

/** In each of two lanes; CI makes more than 200 kills. */
const rounds = scale.killRounds

/** The number behind `last`: once in a counter, a list, a hash, a stream and a key of its own. */
async function countOne(client: RespClient, last: number): Promise<void> {
  const next = String(last + 1)
  await client.pipeline([
    ['MULTI'], ['INCR', 'n'], ['RPUSH', 'l', next], ['HSET', 'h', `f${last % 300}`, next], ['XADD', 's', `${next}-1`, 'n', next],
    ['SET', `k${last % 500}`, next], ['EXEC'],
  ])
}

/** Counts until the server is gone. */
async function count(server: ServerProcess, from: number): Promise<number> {
  let last = from
  try {
    const client = await server.connect()
    for (;;) {
      await countOne(client, last)
      last++
    }
  } catch {
    return last
  }
}

/** What there is of the numbers `1..n`: in order and once in each place. */
async function holdsAll(t: ExecutionContext, client: RespClient, n: number, what: string): Promise<void> {
  const values = async (...words: string[]): Promise<string[]> => (await client.text(...words)).split('\r\n')
    .filter((line) => /^\d+$/.test(line))
  const expected = Array.from({ length: n }, (_, i) => String(i + 1))
  t.deepEqual(await values('LRANGE', 'l', '0', '-1'), expected, what)
  t.is(await number(client, 'XLEN', 's'), n, what)
  t.regex(await client.text('XREVRANGE', 's', '+', '-', 'COUNT', '1'), new RegExp(`\r\n${n}-1\r\n`), what)
  for (const [key, width] of [['k', 500], ['h', 300]] as const) {
    for (let at = Math.max(0, n - width); at < n; at += 37) {
      const read = key === 'k' ? ['GET', `k${at % width}`] : ['HGET', 'h', `f${at % width}`]
      t.is(await number(client, ...read), at + 1, what)
    }
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

/** Kills one of the processes that the server began: what folds its log, or what starts such. Returns how many. */
function killChild(server: ServerProcess, r: Random): number {
  const launchers = childrenOf(server.pid)
  const pids = [...launchers, ...launchers.flatMap(childrenOf)]
  if (pids.length === 0) return 0
  try {
    process.kill(r.pick(pids), 'SIGKILL')
    return 1
  } catch {
    // It was done before.
    return 0
  }
}

/** The value of a whole number's reply. */
async function number(client: RespClient, ...words: string[]): Promise<number> {
  return Number((await client.text(...words)).split('\r\n').at(-2)!.replace(':', ''))
}

for (const lane of [1, 2]) {
  test(`lane ${lane}: nothing acknowledged is lost to kill -9 of the broker, of what folds its log, or in a recovery`, async (t) => {
    t.timeout(600_000)
    const r = seededRandom(scale.seed * 2 + lane)
    t.log(`seed ${scale.seed}`)
    // One lane has bases of commands.
    const form = ['--aof-use-rdb-preamble', lane === 1 ? 'yes' : 'no']
    const server = await startMillrace(t, { args: ['--enable-debug-command', 'yes', '--log-retention-bytes', '2mb', ...form] })
    let client = await server.connect()
    await countOne(client, 0)
    client.destroy()
    let acknowledged = 1
    let kills = 0
    let children = 0
    for (let round = 0; round < rounds; round++) {
      const work = Promise.all([count(server, acknowledged), checkpoints(server, ['BGREWRITEAOF', 'BGSAVE'])])
      // Some rounds end while the log is folded, some after new bases were put in place.
      await sleep(20 + r.below(round % 4 === 0 ? 900 : 200))
      if (round % 3 === 0) {
        const killed = killChild(server, r)
        children += killed
        kills += killed
        await sleep(r.below(100))
      }
      await server.kill9()
      kills++
      acknowledged = (await work)[0]
      if (round % 2 === 0) {
        // A second crash, in the recovery or right behind it.
        const starting = server.start().catch(() => {})
        await sleep(100 + r.below(400))
        await server.kill9()
        kills++
        await starting
      }
      await server.start()
      client = await server.connect()
      const n = await number(client, 'GET', 'n')
      // One transaction is under way at a time: it may be there without its answer.
      t.true(n === acknowledged || n === acknowledged + 1, `round ${round}: ${n} after ${acknowledged} were acknowledged`)
      await holdsAll(t, client, n, `round ${round}`)
      acknowledged = n
      client.destroy()
    }
    t.log(`${kills} kills, ${children} of them of what folds the log; ${acknowledged} counted`)
    client = await server.connect()
    const digest = await client.text('DEBUG', 'DIGEST')
    client.destroy()
    await server.terminate()
    await server.start()
    client = await server.connect()
    t.is(await client.text('DEBUG', 'DIGEST'), digest)
    client.destroy()
    await server.terminate()
    const check = spawnSync(process.execPath, [program, 'check', server.dir], { encoding: 'utf8' })
    t.is(check.status, 0, check.stdout + check.stderr)
    if (!requireRedis(t)) return
    t.true(checkAof(server.dir).ok)
    const peer = await startRedis(t, { dir: server.dir, args: ['--appendonly', 'yes', '--enable-debug-command', 'yes'] })
    client = await peer.connect()
    t.is(await client.text('DEBUG', 'DIGEST'), digest)
    client.destroy()
  })
}
