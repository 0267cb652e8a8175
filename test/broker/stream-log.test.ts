// What the stream commands of Redis 8 leave in the log, redis-server 7.0 understands: it holds the same entries and the same
// pending ones. Only XADD IDMP and XCFGSET have no words there.
import { cpSync } from 'node:fs'
import test from 'ava'
import { seededRandom } from '../compat/random.ts'
import { checkAof, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../process.ts'
import type { RespClient } from '../resp-client.ts'
import { decode } from '../resp-value.ts'
import type { RespValue } from '../resp-value.ts'
import { scale } from '../scale.ts'

const streams = ['s', 't']
const groups = ['g', 'h']
const policies = ['KEEPREF', 'DELREF', 'ACKED'] as const

/** Random commands on two streams with two groups each; ids are n-1. */
function commands(seed: number, count: number): string[][] {
  const r = seededRandom(seed)
  const list = streams.flatMap((key) => groups.map((group) => ['XGROUP', 'CREATE', key, group, '0', 'MKSTREAM']))
  let top = 0
  const ids = (): string[] => {
    const some = Array.from({ length: 1 + r.below(4) }, () => `${Math.max(1, top - r.below(30))}-1`)
    return ['IDS', String(some.length), ...some]
  }
  while (list.length < count) {
    const key = r.pick(streams)
    const group = r.pick(groups)
    const policy = r.pick(policies)
    const consumer = `c${r.below(3)}`
    const trim = r.below(2) === 0 ? ['MAXLEN', r.pick(['=', '~']), String(r.below(25))] : ['MINID', String(Math.max(0, top - r.below(40)))]
    const kind = r.below(12)
    if (kind < 3) list.push(['XADD', key, `${++top}-1`, 'f', `v${top}`])
    else if (kind === 3) list.push(['XADD', key, policy, ...trim, `${++top}-1`, 'f', `v${top}`])
    else if (kind === 4) list.push(['XTRIM', key, ...trim, policy])
    else if (kind === 5) list.push(['XDELEX', key, policy, ...ids()])
    else if (kind === 6) list.push(['XACKDEL', key, group, policy, ...ids()])
    else if (kind === 7) {
      const mode = r.pick(['SILENT', 'FAIL', 'FATAL'])
      list.push(['XNACK', key, group, mode, ...ids(), ...(r.below(4) === 0 ? ['FORCE'] : [])])
    } else if (kind === 8) list.push(['XACK', key, group, ...ids().slice(2)])
    else {
      const claim = kind === 9 ? [] : ['CLAIM', String(r.below(3))]
      list.push(['XREADGROUP', 'GROUP', group, consumer, 'COUNT', String(1 + r.below(6)), ...claim, 'STREAMS', ...streams, '>', '>'])
    }
  }
  return list
}

const items = (value: RespValue): RespValue[] => (Array.isArray(value.value) ? value.value : [])

/** Entries, pending entries (whose idle time goes on) and groups of both streams. */
async function state(client: RespClient): Promise<unknown> {
  const found: unknown[] = []
  for (const key of streams) {
    found.push(String(await client.call('XRANGE', key, '-', '+')))
    for (const group of groups) {
      const pending = decode(await client.call('XPENDING', key, group, '-', '+', 100_000))
      found.push(items(pending).map((one) => items(one).filter((_, i) => i !== 2).map((word) => word.value).join(' ')))
    }
    // The consumer without a name who holds what was released counts there, and here not.
    const info = items(decode(await client.call('XINFO', 'GROUPS', key)))
    found.push(info.map((group) => items(group).map((word) => word.value).filter((_, i) => i !== 3).join(' ')))
  }
  return found
}

test('redis-server loads what these commands logged, and redis-check-aof is content', async (t) => {
  t.timeout(120_000)
  if (!requireRedis(t)) return
  const ours = await startMillrace(t, { args: ['--stream-node-max-entries', '5'] })
  const client = await ours.connect()
  const list = commands(scale.seed, 4_000)
  for (let i = 0; i < list.length; i += 20) {
    const part = list.slice(i, i + 20)
    const replies = await client.pipeline(part)
    const wrong = replies.findIndex((reply) => reply[0] === 0x2d)
    if (wrong >= 0) t.fail(`seed ${scale.seed}: ${part[wrong]!.join(' ')}: ${String(replies[wrong])}`)
  }
  const before = await state(client)
  client.destroy()
  await ours.restart()
  const again = await ours.connect()
  t.deepEqual(await state(again), before, 'our own restart')
  again.destroy()
  t.is(await ours.terminate(), 0, ours.output)

  const dir = temporaryDirectory(t)
  cpSync(ours.dir, dir, { recursive: true })
  const checked = checkAof(dir)
  t.true(checked.ok, checked.output)
  const theirs = await startRedis(t, { dir, args: ['--stream-node-max-entries', '5'] })
  const other = await theirs.connect()
  t.deepEqual(await state(other), before, 'redis-server')
  other.destroy()
})
