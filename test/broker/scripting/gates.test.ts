// What scripts may not do, and what they leave behind: memory, read-only runs, SELECT, MONITOR, waiting clients, the cache.
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import { startBroker } from '../in-process.ts'
import { parked } from '../waiters.ts'

const shebang = (flags: string, body: string): string => `#!lua flags=${flags}\n${body}`

test('scripts without memory, and read-only ones: as redis-server', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startMillrace(t), startRedis(t)])
  const set = 'return redis.call("SET", "k", "v")'
  const library = `#!lua name=l
    redis.register_function('plain', function() return redis.call('SET', 'k', 'v') end)
    redis.register_function{function_name='grows', callback=function() return redis.call('SET', 'k', 'w') end, flags={'allow-oom'}}
    redis.register_function{function_name='reads', callback=function() return redis.call('GET', 'k') end, flags={'no-writes'}}`
  const commands: string[][] = [
    ['FUNCTION', 'LOAD', library], ['SET', 'k', 'old'],
    ...['0', '1', '0'].flatMap((bytes) => [
      ['CONFIG', 'SET', 'maxmemory', bytes],
      ...[
        set, 'return redis.pcall("SET", "k", "v").err', 'return redis.call("GET", "k")', 'return redis.call("DEL", "k")',
        'redis.call("DEL", "k") return redis.call("SET", "k", "after a write")', `#!lua\n${set}`, '#!lua\nreturn 1',
        shebang('allow-oom', set),
        shebang('no-writes', 'return redis.call("GET", "k")'), shebang('no-writes', set), shebang('no-writes,allow-oom', set),
      ].flatMap((source) => [['EVAL', source, '0'], ['EVAL_RO', source, '0']]),
      ...['plain', 'grows', 'reads'].flatMap((name) => [['FCALL', name, '0'], ['FCALL_RO', name, '0']]),
      ['MULTI'], ['EVAL', set, '0'], ['EVAL', `#!lua\n${set}`, '0'], ['EXEC'],
      ['FUNCTION', 'LOAD', 'REPLACE', library], ['SCRIPT', 'LOAD', set],
    ]),
  ]
  const [mine, other] = await Promise.all([ours.connect(), theirs.connect()])
  for (const command of commands) {
    const [a, b] = await Promise.all([mine.text(...command), other.text(...command)])
    t.is(a, b, command.join(' '))
  }
  mine.destroy()
  other.destroy()
})

test('SELECT within a script ends with it; the next script begins where its client stands', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  t.is(await client.text('EVAL', 'redis.call("SELECT", 5) redis.call("SET", "k", "5") return redis.call("GET", "k")', '0'), '$1\r\n5\r\n')
  t.is(await client.text('GET', 'k'), '$-1\r\n')
  t.is(await client.text('EVAL', 'redis.call("SELECT", 5) error("x")', '0').then((text) => text.slice(0, 22)), '-ERR user_script:1: x ')
  t.is(await client.text('EVAL', 'return redis.call("GET", "k")', '0'), '$-1\r\n')
  await client.call('SELECT', 5)
  t.is(await client.text('EVAL', 'return redis.call("GET", "k")', '0'), '$1\r\n5\r\n')
  client.destroy()
})

test('WAIT and WAITAOF within a script say what is, and do not wait', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  t.is(await client.text('EVAL', 'redis.call("SET", "k", "v") return redis.call("WAIT", 1, 0)', '0'), ':0\r\n')
  t.is(await client.text('EVAL', 'return redis.call("WAITAOF", 0, 1, 0)[2]', '0'), ':0\r\n')
  client.destroy()
})

test('redis.setresp ends with its script', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const kind = 'local v = redis.call("HGETALL", "none") return v.map and "map" or "list"'
  t.is(await client.text('EVAL', `redis.setresp(3) ${kind}`, '0'), '$3\r\nmap\r\n')
  t.is(await client.text('EVAL', kind, '0'), '$4\r\nlist\r\n')
  client.destroy()
})

test('MONITOR shows the script, and what it calls as called from lua', async (t) => {
  const { connect } = await startBroker(t)
  const [monitor, client] = await Promise.all([connect(), connect()])
  await monitor.call('MONITOR')
  await client.call('EVAL', 'redis.call("SELECT", 2) return redis.call("SET", KEYS[1], 1.5)', '1', 'k')
  const lines = (await monitor.take(3)).map((line) => line.toString().replace(/^\+[\d.]+ /, '').replace(/127[\d.:]+/, 'addr'))
  t.deepEqual(lines, [
    '[0 addr] "EVAL" "redis.call(\\"SELECT\\", 2) return redis.call(\\"SET\\", KEYS[1], 1.5)" "1" "k"\r\n',
    '[2 lua] "SELECT" "2"\r\n', '[2 lua] "SET" "k" "1.5"\r\n',
  ])
  monitor.destroy()
  client.destroy()
})

test('a client that waits for a key is served when the script has ended, not within it', async (t) => {
  const server = await startBroker(t)
  const { connect } = server
  const [waiting, client] = await Promise.all([connect(), connect()])
  const got = waiting.text('TAKE', 'k', '0')
  await parked(server, 1)
  t.is(await client.text('EVAL', 'redis.call("PUT", "k", "v") return redis.call("FETCH", "k")', '0'), '$1\r\nv\r\n')
  t.is(await got, '$1\r\nv\r\n')
  t.is(await client.text('FETCH', 'k'), '$-1\r\n')
  t.is(await client.text('EVAL', 'return redis.call("TAKE", "k", 0)', '0'), '$-1\r\n', 'a script never waits')
  waiting.destroy()
  client.destroy()
})

test('the cache keeps what SCRIPT LOAD brought, and of the rest what was used last', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const info = async (name: string): Promise<string | undefined> =>
    new RegExp(`^${name}:(.*)\r$`, 'm').exec(await client.text('INFO'))?.[1]
  const sha = async (source: string): Promise<string> => (await client.text('SCRIPT', 'LOAD', source)).split('\r\n')[1]!
  const kept = await sha('return "kept"')
  await client.pipeline(Array.from({ length: 700 }, (_, i) => ['EVAL', `return ${i}`, '0']))
  t.is(await info('number_of_cached_scripts'), '501')
  t.is(await info('evicted_scripts'), '200')
  t.is(await client.text('EVALSHA', kept, '0'), '$4\r\nkept\r\n')
  t.is(await client.text('EVALSHA', kept.toUpperCase(), '0'), '$4\r\nkept\r\n')
  t.is(await client.text('SCRIPT', 'FLUSH'), '+OK\r\n')
  t.is(await info('number_of_cached_scripts'), '0')
  t.is(await client.text('EVALSHA', kept, '0'), '-NOSCRIPT No matching script. Please use EVAL.\r\n')
  client.destroy()
})

test('errors within and of scripts are counted where they happen', async (t) => {
  const { connect, broker } = await startBroker(t)
  const client = await connect()
  await client.call('SET', 's', 'x')
  await client.call('EVAL', 'redis.pcall("INCR", "s") redis.pcall("NOPE") return redis.pcall("INCR", "s")', '0')
  t.deepEqual(Object.fromEntries(broker.stats.errors), { ERR: 3 })
  await client.call('EVAL', 'return redis.call("INCR", "s")', '0')
  await client.call('EVAL', 'error("x")', '0')
  await client.call('EVAL', 'return {err = "OWN x"}', '0')
  t.deepEqual(Object.fromEntries(broker.stats.errors), { ERR: 5, OWN: 1 })
  const text = await client.text('INFO', 'commandstats')
  t.regex(text, /^cmdstat_eval:calls=4,.*failed_calls=4\r$/m)
  t.regex(text, /^cmdstat_incr:calls=3,.*failed_calls=3\r$/m)
  client.destroy()
})

test('EVAL within MULTI: one reply among the others, and a WATCHed key that it changed fails the next EXEC', async (t) => {
  const { connect } = await startBroker(t)
  const [client, other] = await Promise.all([connect(), connect()])
  const replies = await client.pipeline([
    ['MULTI'], ['SET', 'k', '1'], ['EVAL', 'return {redis.call("INCR", "k"), redis.call("GET", "k")}', '0'], ['EVAL', 'error("x", 0)', '0'],
    ['GET', 'k'], ['EXEC'],
  ])
  t.regex(String(replies[5]), /^\*4\r\n\+OK\r\n\*2\r\n:2\r\n\$1\r\n2\r\n-ERR x script: [0-9a-f]{40}, on @user_script:1\.\r\n\$1\r\n2\r\n$/)
  await other.call('WATCH', 'k')
  await client.call('EVAL', 'redis.call("SET", "k", "3")', '0')
  t.deepEqual((await other.pipeline([['MULTI'], ['GET', 'k'], ['EXEC']])).map(String), ['+OK\r\n', '+QUEUED\r\n', '*-1\r\n'])
  client.destroy()
  other.destroy()
})

test('CLIENT PAUSE WRITE holds back scripts that may write, and no others', async (t) => {
  const { connect } = await startBroker(t)
  const [client, other, control] = await Promise.all([connect(), connect(), connect()])
  await client.call('FUNCTION', 'LOAD', `#!lua name=l
    redis.register_function('writes', function() return redis.call('INCR', 'n') end)
    redis.register_function{function_name='reads', callback=function() return redis.call('GET', 'n') end, flags={'no-writes'}}`)
  await control.call('CLIENT', 'PAUSE', '100000', 'WRITE')
  const held = [client.text('EVAL', 'return redis.call("INCR", "n")', '0'), other.text('FCALL', 'writes', '0')]
  const third = await connect()
  t.is(await third.text('EVAL_RO', 'return redis.call("GET", "n")', '0'), '$-1\r\n')
  t.is(await third.text('FCALL', 'reads', '0'), '$-1\r\n')
  t.is(await third.text('EVAL', shebang('no-writes', 'return redis.call("GET", "n")'), '0'), '$-1\r\n')
  await control.call('CLIENT', 'UNPAUSE')
  t.deepEqual((await Promise.all(held)).toSorted(), [':1\r\n', ':2\r\n'])
  for (const one of [client, other, control, third]) one.destroy()
})

test('two scripts of one length, in turn and after SCRIPT FLUSH, are not taken for each other', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  for (const flush of [false, true, false]) {
    if (flush) await client.call('SCRIPT', 'FLUSH')
    const replies = await client.pipeline([1, 1, 2, 1, 2, 2].map((n) => ['EVAL', `return ${n}`, '0']))
    t.deepEqual(replies.map(String), [1, 1, 2, 1, 2, 2].map((n) => `:${n}\r\n`))
  }
  client.destroy()
})

const failing = (text: string): string[] => ['EVAL', 'return redis.error_reply(ARGV[1])', '0', text]

test('an error counts by its first word, if that is one; as redis-server', async (t) => {
  if (!requireRedis(t)) return
  const seen = []
  for (const server of [await startMillrace(t), await startRedis(t)]) {
    const client = await server.connect()
    for (const text of ['OWN x', `${'x'.repeat(30)} y`, `${'x'.repeat(31)} y`, 'word']) await client.call(...failing(text))
    seen.push((await client.text('INFO', 'errorstats')).trim().split('\r\n').slice(1))
    client.destroy()
  }
  t.deepEqual(seen[0], seen[1])
})

test('codes of errors without end are not counted: that ends with the 129th until CONFIG RESETSTAT, as in Redis 7.4', async (t) => {
  const server = await startMillrace(t)
  const client = await server.connect()
  const stats = async (): Promise<string[]> => (await client.text('INFO', 'errorstats')).trim().split('\r\n').slice(2)
  await client.pipeline(Array.from({ length: 128 }, (_, i) => failing(`E${i} x`)))
  t.is((await stats()).length, 128)
  await client.pipeline(Array.from({ length: 1000 }, (_, i) => failing(`F${i} x`)))
  t.deepEqual(await stats(), ['errorstat_ERRORSTATS_DISABLED:count=1'])
  await server.says(/Errorstats stopped/)
  t.is(server.output.match(/Errorstats stopped: .* Codes so far: E0, E1, E10, /g)?.length, 1)
  t.regex(await client.text('INFO', 'stats'), /^total_error_replies:1128\r$/m)
  await client.call('CONFIG', 'RESETSTAT')
  await client.pipeline([failing('E1 x'), failing('E1 x')])
  t.deepEqual(await stats(), ['errorstat_E1:count=2'])
  client.destroy()
})
