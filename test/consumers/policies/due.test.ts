// Delayed entries and entries with an end: against a list, with a clock of its own; and in a running broker.
import { cpSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import test from 'ava'
import { firstDue, runDue } from '../../../consumers/policies/due.ts'
import { policies } from '../../../consumers/policies/policies.ts'
import { stateDigest } from '../../../core/digest.ts'
import { seededRandom } from '../../../core/random.ts'
import { startBroker } from '../../broker/in-process.ts'
import { infoField } from '../../broker/replication/attached.ts'
import { bulk, driver, fold, int, nil } from '../../core/commands/driver.ts'
import { checkAof, hasRedis, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { decode } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { checkStream, sceneOf } from './scene.ts'
import { until } from '../../until.ts'

const items = (value: RespValue): RespValue[] => (value.value ?? []) as RespValue[]
const flat = (value: RespValue): string => Array.isArray(value.value) ? `[${items(value).map(flat).join(' ')}]` : String(value.value)
const show = async (client: RespClient, ...words: (string | number)[]): Promise<string> => flat(decode(await client.call(...words)))

test('random delays, times and ends agree with a list; log and prefix give the same state', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 10, max: 80 }), (seed, steps) => {
      const random = seededRandom(seed)
      const pick = (n: number): number => random.u32() % n
      const d = driver(seed)
      const scene = sceneOf(d)
      let waiting: { at: number, order: number, n: number, ttl: number }[] = []
      let ends: { at: number, n: number }[] = []
      let alive: number[] = []
      const digests: [number, string][] = []
      const append = (n: number, ttl: number, now: number): void => {
        alive.push(n)
        if (ttl > 0) ends.push({ at: now + ttl, n })
      }
      for (let i = 1; i <= steps; i++) {
        d.clock.advance(pick(5))
        const now = d.clock.nowMs()
        d.engine.beginTurn()
        while (firstDue(d.engine) <= now) runDue(scene)
        const come = waiting.filter((w) => w.at <= now).toSorted((a, b) => a.at - b.at || a.order - b.order)
        for (const { n, ttl } of come) append(n, ttl, now)
        waiting = waiting.filter((w) => w.at > now)
        alive = alive.filter((n) => !ends.some((end) => end.n === n && end.at <= now))
        ends = ends.filter((end) => end.at > now)
        const ttl = pick(2) === 0 ? 0 : 1 + pick(12)
        const wait = pick(3) === 0 ? 0 : pick(10) - 1
        const options = ttl === 0 ? [] : ['TTL', ttl]
        if (wait !== 0) options.push(...pick(2) === 0 && wait > 0 ? ['DELAY', wait] : ['AT', now + wait])
        const reply = d.run('XADD', 's', ...options, '*', 'n', i)
        if (reply.startsWith('-')) throw new Error(reply)
        if (wait > 0) waiting.push({ at: now + wait, order: i, n: i, ttl })
        else append(i, ttl, now)
        const entries = items(decode(Buffer.from(d.run('XRANGE', 's', '-', '+'))))
        const numbers = entries.map((entry) => Number(items(items(entry)[1]!)[1]!.value))
        if (numbers.join() !== alive.join()) throw new Error(`seed ${seed}: ${numbers.join()}, not ${alive.join()}`)
        if (pick(6) === 0) digests.push([d.effects.length, stateDigest(d.engine)])
      }
      if (scene.reports.length > 0) throw new Error(scene.reports[0])
      checkStream(d.engine, 's')
      digests.push([d.effects.length, stateDigest(d.engine)])
      return digests.every(([length, digest]) => stateDigest(fold(d.effects.slice(0, length))) === digest)
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('what waits is plain data: ZADD and ZREM in the log; wrong forms change nothing', (t) => {
  const d = driver()
  const scene = sceneOf(d)
  const now = d.clock.nowMs()
  t.is(d.run('XADD', 's', 'MAXLEN', 5, 'DELAY', 10, 'NOMKSTREAM', '*', 'f', 'v'), bulk(`${now + 10}-${now}-0`))
  t.is(d.run('XADD', 's', 'IDMP', 'p', '1', 'AT', now + 10, '*', 'f', 'v'), bulk(`${now + 10}-${now}-1`))
  t.is(d.run('XADD', 's', 'IDMP', 'p', '1', 'AT', now + 10, '*', 'f', 'v'), bulk(`${now + 10}-${now}-2`))
  t.is(d.run('EXISTS', 's'), int(0))
  for (const effect of d.effects) t.regex(effect.command.toString(), /^\*4\r\n\$4\r\nZADD\r\n\$12\r\nmillrace:due\r\n/)
  d.clock.advance(10)
  d.engine.beginTurn()
  runDue(scene)
  // NOMKSTREAM counts when the time has come, and a producer's id is known by then.
  t.is(d.run('XLEN', 's'), int(1))
  t.is(d.run('EXISTS', 'millrace:due'), int(0))
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))

  const before = d.effects.length
  for (const [words, error] of [
    [['DELAY', 'x', '*'], /^-ERR value is not an integer/], [['DELAY', -1, '*'], /^-ERR invalid DELAY time in 'xadd' command/],
    [['TTL', 0, '*'], /^-ERR invalid TTL time/], [['AT', -1, '*'], /^-ERR invalid AT time/],
    [['AT', 1, 'DELAY', 1, '*'], /^-ERR syntax error/], [['TTL', 1, 'TTL', 1, '*'], /^-ERR syntax error/],
    [['DELAY', 5, '99999999999999-1'], /^-ERR AT and DELAY need the ID \*/],
    [['DELAY', 5, 'EXPECT', '0', '*'], /^-ERR AT and DELAY need the ID \*, and go with no EXPECT/],
    [['DELAY', '*'], /^-ERR /],
  ] as const) t.regex(d.run('XADD', 's', ...words, 'f', 'v'), error, words.join(' '))
  t.is(d.effects.length, before)
  d.run('SET', 'millrace:due', 'text')
  t.regex(d.run('XADD', 's', 'DELAY', 5, '*', 'f', 'v'), /^-WRONGTYPE Key millrace:due holds the wrong kind of value/)
  t.regex(d.run('XADD', 's', 'TTL', 5, '*', 'f', 'v'), /^-WRONGTYPE Key millrace:due/)
  t.is(d.run('XLEN', 's'), int(1))
  t.is(d.run('XADD', 'other', 'NOMKSTREAM', '*', 'f', 'v'), nil)
})

test('who waits gets a delayed entry when it comes; tickets are shown and cancelled', async (t) => {
  const server = await startBroker(t, { extensions: [policies] })
  const [client, waiting] = [await server.connect(), await server.connect()]
  await client.text('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  const reply = show(waiting, 'XREADGROUP', 'GROUP', 'g', 'a', 'BLOCK', 0, 'STREAMS', 's', '>')
  await client.text('XADD', 's', 'DELAY', 30, '*', 'n', '1')
  t.regex(await reply, /^\[\[s \[\[\d+-0 \[n 1\]\]\]\]\]$/)
  const ticket = await show(client, 'XADD', 's', 'MAXLEN', '9', 'DELAY', 900_000, '*', 'n', '2')
  await client.text('XADD', 'other', 'DELAY', 900_000, '*', 'n', '3')
  t.is(await show(client, 'XSCHEDULE', 'DELAYED', 's'), `[[${ticket} ${ticket.split('-')[0]} [n 2]]]`)
  t.is(await show(client, 'XSCHEDULE', 'CANCEL', 'other', ticket), '0')
  t.is(await show(client, 'XSCHEDULE', 'CANCEL', 's', ticket), '1')
  t.is(await show(client, 'XSCHEDULE', 'CANCEL', 's', ticket), '0')
  t.is(await show(client, 'XSCHEDULE', 'DELAYED', 's', 'COUNT', 5), '[]')
  // In a transaction, and what nobody knows.
  const replies = await client.pipeline([['MULTI'], ['XADD', 's', 'DELAY', '20', '*', 'n', '4'], ['EXEC']])
  t.regex(String(replies[2]), /^\*1\r\n\$/)
  await client.text('ZADD', 'millrace:due', '1', 'z what', '2', 'a 1-1 nothing', '3', 'x nothing')
  await until('4 came', async () => (await show(client, 'XREVRANGE', 's', '+', '-', 'COUNT', 1)).includes('[n 4]'))
  await until('only what waits is left', async () => await client.text('ZCARD', 'millrace:due') === ':1\r\n')
  // A stream that is none: the entry waits on, and others pass it.
  await client.text('SET', 'text', 'v')
  await client.text('XADD', 's', 'TTL', '20', '*', 'n', '5')
  await client.pipeline([['MULTI'], ['XADD', 'late', 'DELAY', 20, '*', 'n', '6'], ['SET', 'late', 'text'], ['EXEC']])
  await client.text('XADD', 's', 'DELAY', 40, '*', 'n', '7')
  await until('7 came, 5 went', async () => /\[n 4\]\] \[\S+ \[n 7\]\]\]$/.test(await show(client, 'XRANGE', 's', '-', '+')))
  t.is(await client.text('ZCARD', 'millrace:due'), ':2\r\n')
  for (const one of [client, waiting]) one.destroy()
})

test('schedules run, are shown and removed; wrong ones are refused', async (t) => {
  const server = await startBroker(t, { extensions: [policies] })
  const client = await server.connect()
  t.regex(await show(client, 'XSCHEDULE', 'ADD', 's', 'tick', 'CRON', '@every 100ms', 'FIELDS', 'n', '1'), /^\d+$/)
  await until('it ran thrice', async () => Number(await show(client, 'XLEN', 's')) >= 3)
  const nightly = ['CRON', '0 3 * * *', 'TZ', 'Europe/Berlin', 'FIELDS', 'n', '2']
  const first = Number(await show(client, 'XSCHEDULE', 'ADD', 's', 'nightly', ...nightly))
  t.true(first > Date.now() && first <= Date.now() + 25 * 3_600_000)
  const listed = `[name nightly when 0 3 * * * zone Europe/Berlin next ${first} fields [n 2]]`
  t.true((await show(client, 'XSCHEDULE', 'LIST', 's')).includes(listed))
  t.is(await show(client, 'XSCHEDULE', 'LIST', 'other'), '[]')
  t.is(await show(client, 'XSCHEDULE', 'DEL', 's', 'tick'), '1')
  t.is(await show(client, 'XSCHEDULE', 'DEL', 's', 'tick'), '0')
  t.is(await client.text('ZCARD', 'millrace:due'), ':1\r\n')
  for (const [command, error] of [
    ['XSCHEDULE ADD s x EVERY 5 FIELDS n 1 m', /^ERR syntax error/],
    ['XSCHEDULE ADD s x CRON @often FIELDS n 1', /^ERR Invalid schedule: /],
    ['XSCHEDULE ADD s x CRON @daily TZ Nowhere FIELDS n 1', /^ERR Invalid schedule: there is no time zone Nowhere/],
    ['XSCHEDULE ADD s x CRON @daily FIELDS n 1 m', /^ERR wrong number of arguments for 'xschedule\|add' command/],
    ['XSCHEDULE CANCEL s 5-1', /^ERR Invalid ticket/], ['XSCHEDULE DELAYED s COUNT 0', /^ERR COUNT must be > 0/],
    ['XSCHEDULE DELAYED s 5', /^ERR syntax error/], ['XSCHEDULE NOPE', /^ERR unknown subcommand/],
  ] as const) t.regex(await show(client, ...command.split(' ')), error, command)
  t.regex(await show(client, 'XSCHEDULE', 'HELP'), /^\[XSCHEDULE <subcommand>/)
  client.destroy()
})

test('what waits outlives kill -9 and a checkpoint; a missed run is made up for once; redis-server loads all of it', async (t) => {
  const server = await startMillrace(t, { appendfsync: 'always' })
  let client = await server.connect()
  await client.text('XSCHEDULE', 'ADD', 's', 'tick', 'CRON', '@every 300s', 'FIELDS', 'n', 'tick')
  await client.text('XADD', 's', 'DELAY', 1, '*', 'n', 'soon')
  await client.text('XADD', 's', 'DELAY', 900_000, '*', 'n', 'late')
  await client.text('XADD', 's', 'TTL', 900_000, '*', 'n', 'ends')
  await until('the first came', async () => (await show(client, 'XRANGE', 's', '-', '+')).includes('soon'))
  await client.text('BGREWRITEAOF')
  await until('it is rewritten', async () => await infoField(client, 'aof_rewrite_in_progress') === '0')
  const due = items(decode(await client.call('ZRANGE', 'millrace:due', '0', '-1'))).map((item) => String(item.value))
  const tick = due.find((name) => name.startsWith('c '))!
  client.destroy()
  await server.kill9()
  await server.start()
  client = await server.connect()
  t.is(await client.text('ZCARD', 'millrace:due'), ':3\r\n')
  // As after an hour in which nobody served.
  await client.call('ZADD', 'millrace:due', Date.now() - 3_600_000, tick)
  await until('it ran', async () => (await show(client, 'XRANGE', 's', '-', '+')).includes('tick'))
  t.is((await show(client, 'XRANGE', 's', '-', '+')).match(/tick/g)!.length, 1)
  t.regex(await show(client, 'XSCHEDULE', 'LIST', 's'), /name tick when @every 300s zone UTC next \d+/)
  client.destroy()
  t.is(await server.terminate(), 0)
  if (!hasRedis()) return void requireRedis(t)
  const dir = temporaryDirectory(t)
  cpSync(path.join(server.dir, 'appendonlydir'), path.join(dir, 'appendonlydir'), { recursive: true })
  t.true(checkAof(dir).ok)
  const redis = await startRedis(t, { dir })
  client = await redis.connect()
  t.is(await client.text('ZCARD', 'millrace:due'), ':3\r\n')
  t.is(await client.text('HLEN', 'millrace:schedules'), ':1\r\n')
  client.destroy()
})
