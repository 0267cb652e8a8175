// `$all`, `$key:…` and `$match:…` as streams: what is in them, who may see it, what they refuse, and what stays as it was.
import test from 'ava'
import type { Plain, Shown } from './served.ts'
import { effect, logArgs, parked, rewrite, shown, startServed, value } from './served.ts'
import { seededRandom } from '../../../core/random.ts'

test('entries have position, database, command, key, arguments, and who wrote them', async (t) => {
  const { connect } = await startServed(t)
  const client = await connect()
  await client.text('SELECT', 2)
  await client.text('MSET', 'a', '1', 'b', Buffer.from([0, 255, 13, 10]))
  const [entry] = shown(await value(client, 'XRANGE', '$all', '-', '+'))
  const { fields, id } = entry!
  t.regex(id, /^\d{13}-1$/)
  t.deepEqual(Object.keys(fields), ['pos', 'db', 'cmd', 'key', 'arg1', 'arg2', 'arg3', 'arg4', 'user', 'client', 'addr', 'trace'])
  const { client: who, addr, ...rest } = fields
  t.deepEqual(rest, {
    pos: '1', db: '2', cmd: 'MSET', key: 'a', arg1: 'a', arg2: '1', arg3: 'b', arg4: '\0\u00ff\r\n', user: 'default', trace: '',
  })
  t.regex(`${who} ${addr}`, /^\d+ 127\.0\.0\.1:\d+$/)
})

/** Keys of a SET, RENAME or DEL. */
function names(entry: Shown): string[] {
  return entry.fields['cmd'] === 'SET' ? [entry.fields['arg1']!] : effect(entry).split(' ').slice(1)
}

test('ranges of random work, by ids and COUNT, forward and backward, through a checkpoint', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  t.log(`seed ${seed}`)
  const random = seededRandom(seed)
  const { broker, connect } = await startServed(t)
  const client = await connect()
  for (let i = 0; i < 600; i++) {
    const key = `k:${random.u32() % 9}`
    const roll = random.u32() % 10
    if (roll === 0) await client.text('RENAME', key, `k:${random.u32() % 9}`)
    else if (roll === 1) await client.text('DEL', key, `k:${random.u32() % 9}`)
    else await client.text('SET', key, 'v'.repeat(random.u32() % 400))
    if (i === 300) await rewrite(broker)
  }
  const all = shown(await value(client, 'XRANGE', '$all', '-', '+'))
  t.is(all.length, broker.engine.log.appended)
  t.is(await value(client, 'XLEN', '$all'), String(all.length))
  for (let i = 0; i < 40; i++) {
    const key = `k:${random.u32() % 9}`
    const [stream, mine] = random.u32() % 2 === 0 ? ['$all', all] : [`$key:${key}`, all.filter((entry) => names(entry).includes(key))]
    t.is(await value(client, 'XLEN', stream), String(mine.length))
    const one = random.u32() % all.length
    const other = one + (random.u32() % (all.length - one))
    const count = 1 + (random.u32() % 50)
    const [from, to] = [all[one]!.id, all[other]!.id]
    const stretch = mine.filter(({ fields }) => Number(fields['pos']) > one && Number(fields['pos']) <= other + 1)
    t.deepEqual(shown(await value(client, 'XRANGE', stream, from, to)), stretch)
    t.deepEqual(shown(await value(client, 'XRANGE', stream, from, to, 'COUNT', count)), stretch.slice(0, count))
    t.deepEqual(shown(await value(client, 'XREVRANGE', stream, to, from, 'COUNT', count)), stretch.toReversed().slice(0, count))
    const after = mine.filter(({ fields }) => Number(fields['pos']) > one + 1).slice(0, count)
    const read = (await value(client, 'XREAD', 'COUNT', count, 'STREAMS', stream, from)) as [string, Plain][] | null
    t.deepEqual(read === null ? [] : shown(read[0]![1]), after)
  }
})

test('XREAD BLOCK wakes for what matches, and only for that', async (t) => {
  const server = await startServed(t)
  const [reader, writer] = [await server.connect(), await server.connect()]
  await writer.text('SET', 'early', '1')
  t.is(await value(reader, 'XREAD', 'BLOCK', 20, 'STREAMS', '$key:x', '$'), null)
  const waits = value(reader, 'XREAD', 'BLOCK', 0, 'STREAMS', '$key:x', '$match:z*', '$', '$')
  await parked(server, 1)
  await writer.text('SET', 'y', '1')
  await writer.text('SET', 'zoo', '2')
  const [[name, entries]] = (await waits) as [[string, Plain]]
  t.deepEqual([name, shown(entries).map(effect)], ['$match:z*', ['SET zoo 2']])
  t.deepEqual(shown(((await value(reader, 'XREAD', 'STREAMS', '$all', '+')) as [[string, Plain]])[0][1]).map(effect), ['SET zoo 2'])
})

test('$ is behind what was written in the same turn, whichever stream it is of', async (t) => {
  const { connect } = await startServed(t)
  const client = await connect()
  for (const stream of ['$all', '$key:x', '$match:x']) {
    const [, reply] = await client.pipeline([['SET', 'x', '1'], ['XREAD', 'BLOCK', 20, 'STREAMS', stream, '$']])
    t.is(String(reply), '*-1\r\n', stream)
  }
})

test('of one large transaction as many entries as are asked for, forward and backward', async (t) => {
  const { connect } = await startServed(t)
  const client = await connect()
  await client.pipeline([['MULTI'], ...Array.from({ length: 100 }, (_, i) => ['SET', i % 2 === 0 ? 'even' : 'odd', i]), ['EXEC']])
  const effects = async (...args: (string | number)[]): Promise<string[]> => shown(await value(client, ...args)).map(effect)
  for (const count of [1, 3, 7]) {
    const even = Array.from({ length: count }, (_, i) => `SET even ${2 * i}`)
    t.deepEqual(await effects('XRANGE', '$key:even', '-', '+', 'COUNT', count), even)
    const newest = Array.from({ length: count }, (_, i) => `SET even ${98 - 2 * i}`)
    t.deepEqual(await effects('XREVRANGE', '$key:even', '+', '-', 'COUNT', count), newest)
    t.deepEqual(await effects('XREVRANGE', '$match:even', '+', '-', 'COUNT', count), newest)
  }
})

test('many wait, each for its key: each hears of its own, whatever else is written', async (t) => {
  const server = await startServed(t)
  const { connect } = server
  const writer = await connect()
  const readers = Array.from({ length: 60 }, async (_, i) => {
    const reader = await connect()
    let last = '$'
    const heard: string[] = []
    while (heard.length < 5) {
      const reply = (await value(reader, 'XREAD', 'BLOCK', 0, 'STREAMS', i === 0 ? '$match:w:0' : `$key:w:${i}`, last)) as [[string, Plain]]
      for (const entry of shown(reply[0][1])) {
        heard.push(effect(entry))
        last = entry.id
      }
    }
    reader.destroy()
    return heard
  })
  // Their commands are on their way: the first writes are for readers that are there.
  await parked(server, 60)
  for (let round = 0; round < 5; round++) {
    await writer.pipeline(Array.from({ length: 300 }, (_, i) => ['SET', i % 5 === 0 ? `w:${i / 5}` : 'noise', `${round}`]))
  }
  const all = await Promise.all(readers)
  t.deepEqual(all, all.map((_, i) => Array.from({ length: 5 }, (__, round) => `SET w:${i} ${round}`)))
})

test('nothing writes to the names; all other uses of keys that begin with $ are as they were', async (t) => {
  const { connect, broker } = await startServed(t)
  const client = await connect()
  await client.text('SET', 'plain', 'v')
  const refused = /^-ERR '\$(?:all|key:plain|match:\*)' is the log read as a stream: nothing writes to it\r\n$/
  const writes = [
    ['XADD', '$all', '*', 'a', 'b'], ['XTRIM', '$key:plain', 'MAXLEN', '0'], ['XDEL', '$all', '1-1'], ['XSETID', '$match:*', '1-1'],
    ['SET', '$all', 'v'], ['DEL', 'plain', '$all'], ['UNLINK', '$all'], ['RENAME', 'plain', '$key:plain'], ['MSET', 'a', '1', '$all', '2'],
    ['COPY', 'plain', '$all'], ['EXPIRE', '$all', '10'], ['LPUSH', '$key:plain', '1'], ['SUNIONSTORE', '$all', 'a'],
    ['XNACK', '$all', 'g', 'FAIL', 'IDS', '1', '1-1'],
  ]
  for (const words of writes) t.regex(await client.text(...words), refused, words.join(' '))
  t.is(broker.engine.log.appended, 1)
  await client.text('MULTI')
  await client.text('SET', '$all', 'v')
  t.regex(await client.text('EXEC'), /nothing writes to it/)
  t.regex(await client.text('EVAL', "return redis.call('SET', KEYS[1], 'v')", '1', '$all'), /nothing writes to it/)
  t.regex(await client.text('EVAL', "return redis.call('XRANGE', KEYS[1], '-', '+')", '1', '$all'), /inside a transaction or a script/)
  for (const name of ['$', '$al', '$all2', '$keys', '$match', '$ALL', '$key']) {
    t.is(await client.text('SET', name, 'v'), '+OK\r\n')
    t.is(await client.text('GET', name), '$1\r\nv\r\n')
    t.is(await client.text('DEL', name), ':1\r\n')
    t.is(await client.text('XLEN', name), ':0\r\n')
    t.regex(await client.text('XADD', name, '*', 'a', 'b'), /^\$/)
  }
  t.is(await client.text('GET', '$all'), '$-1\r\n')
  t.is(await client.text('EXISTS', '$all'), ':0\r\n')
  t.is(await client.text('SET', 'k', '$all'), '+OK\r\n')
  t.regex(await client.text('XREAD', 'STREAMS', '$all', 'k2', '0', '0'), /^-ERR 'k2' is no stream of the log/)
})

test('reading needs a pattern for the name, and shows entries of keys that the user may read', async (t) => {
  const server = await startServed(t)
  const [admin, client] = [await server.connect(), await server.connect()]
  await admin.text('MSET', 'app:1', 'a', 'other', 'b')
  await admin.text('SET', 'app:1', 'c')
  await admin.text('SET', 'other', 'd')
  await admin.text('FLUSHDB')
  await admin.text('ACL', 'SETUSER', 'ann', 'on', '>pw', '~app:*', '+@all')
  await client.text('AUTH', 'ann', 'pw')
  await client.text('SET', 'app:2', 'e')
  t.is(await value(client, 'XRANGE', '$all', '-', '+'), '-NOPERM No permissions to access a key')
  t.is(await value(client, 'XRANGE', '$key:app:1', '-', '+'), '-NOPERM No permissions to access a key')
  await admin.text('ACL', 'SETUSER', 'ann', '%R~$*')
  t.deepEqual(shown(await value(client, 'XRANGE', '$all', '-', '+')).map(effect), ['SET app:1 c', 'FLUSHDB', 'SET app:2 e'])
  t.deepEqual(shown(await value(client, 'XRANGE', '$key:other', '-', '+')).map(effect), ['FLUSHDB'])
  t.deepEqual(shown(await value(admin, 'XRANGE', '$key:app:2', '-', '+')).map((entry) => [effect(entry), entry.fields['user']]),
    [['FLUSHDB', 'default'], ['SET app:2 e', 'ann']])
  const waits = value(client, 'XREAD', 'BLOCK', 0, 'STREAMS', '$all', '$')
  await parked(server, 1)
  await admin.text('ACL', 'SETUSER', 'ann', 'resetkeys')
  await admin.text('SET', 'app:1', 'f')
  t.is(await waits, '-NOPERM No permissions to access a key')
})

test('a history that was trimmed away is an error; what is kept can be read', async (t) => {
  const { broker, connect } = await startServed(t, { args: [...logArgs, '--log-retention-bytes', '0'] })
  const client = await connect()
  for (let i = 0; i < 10; i++) await client.text('SET', 'k', i)
  await rewrite(broker)
  await client.text('SET', 'k', 'kept')
  const first = /^-GAP the log does not keep position 1 any more; the first entry that is kept is (\d+-11)$/.exec(String(
    await value(client, 'XRANGE', '$key:k', '-', '+')))
  t.truthy(first)
  t.regex(String(await value(client, 'XREAD', 'STREAMS', '$all', '0')), /^-GAP /)
  t.regex(String(await value(client, 'XREVRANGE', '$all', '+', '-')), /^-GAP the log does not keep position 10 any more/)
  t.deepEqual(shown(await value(client, 'XRANGE', '$all', first![1]!, '+')).map(effect), ['SET k kept'])
  t.deepEqual(shown(await value(client, 'XREVRANGE', '$key:k', '+', '-', 'COUNT', 1)).map(effect), ['SET k kept'])
  await client.text('XGROUP', 'CREATE', '$all', 'g', '0')
  t.regex(String(await value(client, 'XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', '$all', '>')), /^-GAP /)
  await client.text('XGROUP', 'SETID', '$all', 'g', '$')
  t.is(await value(client, 'XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', '$all', '>'), null)
})

test('without a log there are no streams of it', async (t) => {
  const { connect } = await startServed(t, { args: ['--appendonly', 'no', '--save', ''] })
  const client = await connect()
  t.is(await value(client, 'XRANGE', '$all', '-', '+'), '-ERR there is no log to read: appendonly is no')
})

test('a range without COUNT has a bound that it tells of', async (t) => {
  const { connect } = await startServed(t)
  const client = await connect()
  for (let i = 0; i < 11; i++) await client.pipeline(Array.from({ length: 1000 }, (_, j) => ['SET', 'k', `${i}.${j}`]))
  t.is(await value(client, 'XRANGE', '$all', '-', '+'), '-ERR the range has more than 10000 entries: ask for some at a time with COUNT')
  t.is(shown(await value(client, 'XRANGE', '$all', '-', '+', 'COUNT', 10_500)).length, 10_500)
  const read = (await value(client, 'XREAD', 'STREAMS', '$all', '0')) as [[string, Plain[]]]
  t.is(read[0][1].length, 1000)
})
