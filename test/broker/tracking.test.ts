// Client-side caching: random sessions against redis-server, order of replies and invalidations, the table's bound,
// broken redirections, and that nobody pays for it who doesn't use it.
import test from 'ava'
import { seededRandom } from '../compat/random.ts'
import type { Random } from '../compat/random.ts'
import { requireRedis, startMillrace, startRedis } from '../process.ts'
import type { RespClient } from '../resp-client.ts'
import { decode, show } from '../resp-value.ts'
import type { RespValue } from '../resp-value.ts'
import { scale } from '../scale.ts'
import { until } from '../until.ts'
import { openDuet } from './duet.ts'
import { startBroker } from './in-process.ts'

const keys = ['a', 'ab', 'abc', 'b', 'ba', 'c', '', 'a\xff', 'a\0b']
/** The last two listen by pub/sub for others. */
const protocols = [3, 3, 2, 2, 3] as const

function some(r: Random, from: readonly string[], max: number): string[] {
  return Array.from({ length: 1 + r.below(max) }, () => r.pick(from))
}

function drawTracking(r: Random): string[] {
  if (r.chance(0.25)) return ['CLIENT', 'TRACKING', r.chance(0.9) ? 'OFF' : 'maybe']
  const words = ['CLIENT', 'TRACKING', 'ON']
  if (r.chance(0.35)) words.push('REDIRECT', r.pick(['<id:0>', '<id:3>', '<id:3>', '<id:4>', '999999', 'x']))
  if (r.chance(0.4)) words.push('BCAST')
  if (r.chance(0.3)) for (const prefix of some(r, ['a', 'b', 'ab', 'ba', 'c', ''], 2)) words.push('PREFIX', prefix)
  if (r.chance(0.3)) words.push(r.pick(['OPTIN', 'OPTOUT']))
  if (r.chance(0.3)) words.push('NOLOOP')
  return words
}

function drawRead(r: Random): string[] {
  return r.pick([
    ['GET', r.pick(keys)], ['MGET', ...some(r, keys, 4)], ['EXISTS', ...some(r, keys, 3)], ['STRLEN', r.pick(keys)],
    ['TYPE', r.pick(keys)], ['TTL', r.pick(keys)], ['XRANGE', r.pick(keys), '-', '+'], ['XREAD', 'STREAMS', 'x', 'c', '0', '0'],
    ['OBJECT', 'ENCODING', r.pick(keys)], ['XINFO', 'STREAM', 'x'], ['GETRANGE', r.pick(keys), '0', '1'], ['GET'],
    ['GETDEL', r.pick(keys)], ['SCAN', '0', 'COUNT', '1000', 'TYPE', 'nope'], ['TOUCH', r.pick(keys)], ['DBSIZE'],
  ])
}

function drawWrite(r: Random): string[] {
  return r.pick([
    ['SET', r.pick(keys), 'v'], ['SET', r.pick(keys), '5'], ['MSET', r.pick(keys), '1', r.pick(keys), '2'], ['INCR', r.pick(keys)],
    ['DEL', ...some(r, keys, 3)], ['RENAME', r.pick(keys), r.pick(keys)], ['COPY', r.pick(keys), r.pick(keys), 'REPLACE'],
    ['APPEND', r.pick(keys), 'x'], ['EXPIRE', r.pick(keys), '1000'], ['PERSIST', r.pick(keys)], ['XADD', 'x', '*', 'f', 'v'],
    ['XTRIM', 'x', 'MAXLEN', '2'], ['SETRANGE', r.pick(keys), '3', 'xyz'], ['MOVE', r.pick(keys), '1'], ['SWAPDB', '0', '1'],
    ['PEXPIREAT', r.pick(keys), '1'], ['SET', r.pick(keys), 'v', 'NX'], ['GETEX', r.pick(keys), 'EX', '500'],
    ...(r.chance(0.3) ? [['FLUSHDB'], ['FLUSHALL'], ['FLUSHALL', 'ASYNC']] : []),
  ])
}

function draw(r: Random): string[] {
  const kind = r.below(100)
  if (kind < 14) return drawTracking(r)
  if (kind < 20) return ['CLIENT', 'CACHING', r.pick(['YES', 'NO', 'YES', 'NO', 'x'])]
  if (kind < 26) return r.pick([['CLIENT', 'TRACKINGINFO'], ['INFO', 'stats'], ['SELECT', r.pick(['0', '1'])]])
  return kind < 64 ? drawRead(r) : drawWrite(r)
}

/** Commands of one step: single ones, or a transaction. */
function drawStep(r: Random): string[][] {
  const commands = Array.from({ length: 1 + r.below(4) }, () => draw(r))
  if (!r.chance(0.1)) return commands
  return [...(r.chance(0.4) ? [['CLIENT', 'CACHING', 'YES']] : []), ['MULTI'], ...commands, ['EXEC']]
}

const figures = /^(?:tracking_total_(?:keys|items|prefixes)|expired_keys):\d+/gm

/** Of INFO only the figures that are alike; of redirections only whether there is one; of XINFO and ids nothing. */
function settle(heard: RespValue[]): RespValue[] {
  return heard.map((value) => {
    if (Array.isArray(value.value)) {
      const first = String(value.value[0]?.value)
      if (first === 'length') return { type: '*', value: [] }
      if (first === 'flags') return { ...value, value: value.value.toSpliced(3, 1) }
      return { ...value, value: settle(value.value) }
    }
    const text = String(value.value)
    if (value.type === ':' && text.length > 2) return { type: ':', value: 'many' }
    if (/^\d{13}-\d+$/.test(text)) return { type: '$', value: 'id' }
    return text.includes('# Stats') ? { type: '$', value: (text.match(figures) ?? []).join(' ') } : value
  })
}

/** What tells a client of changed keys, in RESP3 and by pub/sub: the client, and the keys or, of all of them, a null. */
const invalidation = /^(\d (?:push >\[\$"invalidate"|\*\[\$"message", \$"__redis__:invalidate"), )(?:\*\[(.*)\]|(.*))\]$/

/**
 * A turn ends early when a command took long, and keys that are told by turns come in two pieces then, one that was
 * written in both twice: joined here. They also come before an end of all keys that else comes first: where all keys
 * went (`flushes`), what one client is told has no order.
 */
function gathered(heard: readonly string[], flushes: boolean): string[] {
  const lines: { head: string, keys: string[] }[] = []
  for (const line of heard) {
    const [, told, some, all] = invalidation.exec(line) ?? []
    const head = told === undefined ? line : all === undefined || flushes ? told : told + all
    const keys = told === undefined ? [] : all === undefined ? some!.split(', ') : flushes ? [all] : []
    const before = lines.at(-1)
    if (told !== undefined && before?.head === head && keys.length > 0) before.keys.push(...keys)
    else lines.push({ head, keys })
  }
  return lines.map(({ head, keys }) => [head, ...new Set(keys.toSorted())].join(' '))
}

function alike(ours: readonly string[], theirs: readonly string[], flushes: boolean): boolean {
  return gathered(ours, flushes).join('\n') === gathered(theirs, flushes).join('\n')
}

function untold(heard: readonly string[]): string[] {
  return heard.filter((line) => !invalidation.test(line))
}

test('random sessions: every client is told of the keys that redis-server tells it', async (t) => {
  t.timeout(300_000)
  if (!requireRedis(t)) return
  const args = ['--save', '']
  const [ours, theirs] = await Promise.all([startMillrace(t, { args }), startRedis(t, { args })])
  const sessions = scale.full ? 60 : 12
  for (let seed = scale.seed; seed < scale.seed + sessions; seed++) {
    const r = seededRandom(seed)
    const duet = await openDuet(ours, theirs, protocols)
    await duet.play({ conn: 0, commands: [['FLUSHALL'], ['CONFIG', 'RESETSTAT']] })
    await duet.play({ conn: 3, commands: [['SUBSCRIBE', '__redis__:invalidate']] })
    const played: string[] = []
    for (let i = 0; i < 100; i++) {
      const conn = r.pick([0, 0, 1, 1, 2, 4])
      const commands = drawStep(r)
      played.push(`${conn}> ${commands.map((words) => words.join(' ')).join(' ; ')}`)
      const heard = await duet.play({ conn, commands }, settle)
      const flushes = commands.some((words) => words[0]!.startsWith('FLUSH'))
      if (alike(heard.ours, heard.theirs, flushes)) continue
      // Whose tracking changes in the step is told of what was written before, if a turn ended in between.
      if (commands.some((words) => words[1] === 'TRACKING') && alike(untold(heard.ours), untold(heard.theirs), false)) continue
      t.deepEqual(heard.ours, heard.theirs, `seed ${seed}:\n${played.join('\n')}`)
      break
    }
    duet.close()
  }
  t.pass()
})

async function pushesOf(client: RespClient): Promise<string[]> {
  await client.call('PING')
  return client.pushes.splice(0).map((push) => show(decode(push)))
}

async function tracker(server: { connect: () => Promise<RespClient> }, ...options: string[]): Promise<RespClient> {
  const client = await server.connect()
  await client.call('HELLO', 3)
  await client.call('CLIENT', 'TRACKING', 'ON', ...options)
  return client
}

test('a key that comes due is told, whoever notices', async (t) => {
  const server = await startBroker(t)
  const client = await tracker(server)
  let [key, read] = ['', '']
  // Long enough that the key is read while it lives, however slow the machine is.
  for (let ms = 50; read !== '$1\r\nv\r\n'; ms *= 2) {
    key = `k${ms}`
    read = String((await client.pipeline([['SET', key, 'v', 'PX', ms], ['GET', key]]))[1])
  }
  await until(async () => await client.text('DBSIZE') === ':0\r\n')
  const told = await pushesOf(client)
  t.deepEqual(told.filter((push) => push.includes(`"${key}"`)), [`>[$"invalidate", *[$"${key}"]]`])
  client.destroy()
})

test('the table keeps to tracking-table-max-keys: who read the keys that go is told', async (t) => {
  const server = await startBroker(t, { args: ['--tracking-table-max-keys', '10'] })
  const [one, other] = await Promise.all([tracker(server), tracker(server)])
  const names = Array.from({ length: 50 }, (_, i) => `k${i}`)
  await one.pipeline(names.map((name) => ['GET', name]))
  await other.call('GET', 'k49')
  const told = await pushesOf(one)
  t.is(new Set(told).size, 40)
  t.deepEqual(await pushesOf(other), [])
  t.regex(await one.text('INFO', 'stats'), /tracking_total_keys:10\r\ntracking_total_items:11\r\ntracking_total_prefixes:0\r\n/)
  for (const client of [one, other]) client.destroy()
})

test('a client is told when the one that listens in its place is gone, and shows it', async (t) => {
  const server = await startBroker(t)
  const listener = await server.connect()
  const id = (await listener.text('CLIENT', 'ID')).slice(1, -2)
  const client = await tracker(server, 'REDIRECT', id)
  t.is(await client.text('CLIENT', 'GETREDIR'), `:${id}\r\n`)
  await client.call('GET', 'k')
  listener.destroy()
  await listener.closed
  await until('it is gone', async () => !new RegExp(`^id=${id} `, 'm').test(await client.text('CLIENT', 'LIST')))
  await client.pipeline([['SET', 'k', 'v'], ['GET', 'k']])
  t.deepEqual(await pushesOf(client), [`>[$"tracking-redir-broken", :${id}]`])
  t.regex(await client.text('CLIENT', 'TRACKINGINFO'), /broken_redirect/)
  t.regex(await client.text('CLIENT', 'INFO'), new RegExp(` flags=tR .* redir=${id} `))
  client.destroy()
})

test('the hooks are off when nobody tracks any more', async (t) => {
  const server = await startBroker(t)
  const { engine } = server.broker
  const client = await tracker(server)
  await client.call('GET', 'k')
  t.not(engine.onTouch, undefined)
  await client.pipeline([['SET', 'k', 'v'], ['CLIENT', 'TRACKING', 'OFF']])
  t.is(engine.onTouch, undefined)
  t.is(engine.onFlushed, undefined)
  await client.pipeline([['WATCH', 'k'], ['CLIENT', 'TRACKING', 'ON', 'BCAST'], ['UNWATCH'], ['SET', 'k', '2']])
  t.deepEqual(await pushesOf(client), ['>[$"invalidate", *[$"k"]]', '>[$"invalidate", *[$"k"]]'])
  client.destroy()
})

test('keys that a script reads are tracked, those that it changes are told after its reply', async (t) => {
  const server = await startBroker(t)
  const [client, other] = await Promise.all([tracker(server), server.connect()])
  await client.call('EVAL', "return {redis.call('GET', KEYS[1]), redis.call('EXISTS', 'b'), redis.call('SET', 'c', '1')}", '2', 'a', 'd')
  await other.pipeline([['SET', 'a', '1'], ['SET', 'b', '1'], ['SET', 'c', '1'], ['SET', 'd', '1']])
  t.deepEqual(await pushesOf(client), ['>[$"invalidate", *[$"a"]]', '>[$"invalidate", *[$"b"]]'])
  const chunks: Buffer[] = []
  client.socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await client.call('EVAL', "redis.call('GET', 'a') redis.call('SET', 'a', '2') return 'done'", '0')
  await client.call('PING')
  t.is(Buffer.concat(chunks).toString().replaceAll('\r\n', ' '), '$4 done >2 $10 invalidate *1 $1 a +PONG ')
  for (const one of [client, other]) one.destroy()
})

test('a key that is evicted is told, also when the command that needed the memory is refused', async (t) => {
  const server = await startBroker(t, { args: ['--maxmemory-policy', 'allkeys-lru'] })
  const client = await tracker(server)
  await client.pipeline([['SET', 'k', 'v'], ['GET', 'k'], ['CONFIG', 'SET', 'maxmemory', '1']])
  t.regex(await client.text('SET', 'x', 'y'), /^-OOM /)
  t.deepEqual(await pushesOf(client), ['>[$"invalidate", *[$"k"]]'])
  t.is(await client.text('DBSIZE'), ':0\r\n')
  client.destroy()
})

test('who ceases to track in the transaction that changes a key is told of it, and the broker goes on', async (t) => {
  const server = await startBroker(t)
  const client = await tracker(server)
  await client.pipeline([['GET', 'k'], ['MULTI'], ['SET', 'k', 'v'], ['CLIENT', 'TRACKING', 'OFF'], ['EXEC']])
  t.deepEqual(await pushesOf(client), ['>[$"invalidate", *[$"k"]]'])
  t.is(await client.text('GET', 'k'), '$1\r\nv\r\n')
  client.destroy()
})
