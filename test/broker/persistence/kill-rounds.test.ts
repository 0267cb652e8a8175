// kill -9 at random moments while a client counts and checkpoints are made: what was acknowledged is there afterwards,
// and the archive and the manifest are whole enough to start from.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { seededRandom } from '../../compat/random.ts'
import { checkAof, hasRedis, startMillrace, startRedis } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { scale } from '../../scale.ts'

/** In each of two lanes; CI makes more than 200 kills. */
const rounds = scale.killRounds
const program = path.resolve(import.meta.dirname, '../../../ops/cli/millrace.ts')

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

/** Kills the processes that the server began: those that fold its log. Returns how many. */
function killChildren(server: ServerProcess): number {
  const found = spawnSync('pgrep', ['-P', String(server.pid)], { encoding: 'utf8' })
  const pids = found.stdout.split('\n').filter((line) => line !== '').map(Number)
  let killed = 0
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
      killed++
    } catch {
      // It was done before.
    }
  }
  return killed
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
    const server = await startMillrace(t, { args: ['--enable-debug-command', 'yes', '--log-retention-bytes', '2mb'] })
    let acknowledged = 0
    let kills = 0
    let children = 0
    for (let round = 0; round < rounds; round++) {
      const work = Promise.all([count(server, acknowledged), checkpoints(server, ['BGREWRITEAOF', 'BGSAVE'])])
      // Some rounds end while the log is folded, some after new bases were put in place.
      await sleep(20 + r.below(round % 4 === 0 ? 900 : 200))
      if (round % 3 === 0) {
        const killed = killChildren(server)
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
      const client = await server.connect()
      const n = await number(client, 'GET', 'n')
      t.true(n >= acknowledged, `round ${round}: ${n} after ${acknowledged} were acknowledged`)
      const length = await number(client, 'LLEN', 'l')
      t.true(length === n || length === n - 1, `round ${round}: ${length} of ${n}`)
      acknowledged = n
      client.destroy()
    }
    t.log(`${kills} kills, ${children} of them of what folds the log; ${acknowledged} counted`)
    let client = await server.connect()
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
    if (!hasRedis()) return
    t.true(checkAof(server.dir).ok)
    const peer = await startRedis(t, { dir: server.dir, args: ['--appendonly', 'yes', '--enable-debug-command', 'yes'] })
    client = await peer.connect()
    t.is(await client.text('DEBUG', 'DIGEST'), digest)
    client.destroy()
  })
}
