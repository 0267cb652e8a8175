// What one connection does to another, and what the server notes of its own work.
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { startMillrace } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { decode, show } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { until } from '../../until.ts'

const debug = ['--enable-debug-command', 'yes']

async function clientsOf(t: ExecutionContext, server: ServerProcess, count: number): Promise<RespClient[]> {
  const all = await Promise.all(Array.from({ length: count }, () => server.connect()))
  t.teardown(() => all.forEach((one) => one.destroy()))
  return all
}

async function textOf(client: RespClient, ...words: string[]): Promise<string> {
  return decode(await client.call(...words)).value as string
}

async function infoOf(client: RespClient, ...sections: string[]): Promise<Map<string, string>> {
  const lines = (await textOf(client, 'INFO', ...sections)).split('\r\n').filter((line) => line.includes(':'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

test('a password keeps strangers out until AUTH or HELLO AUTH; RESET forgets it', async (t) => {
  const server = await startMillrace(t)
  const [admin, late] = await clientsOf(t, server, 2) as [RespClient, RespClient]
  t.is(await admin.text('CONFIG', 'SET', 'requirepass', 'säcret'), '+OK\r\n')
  const [c, other] = await clientsOf(t, server, 2) as [RespClient, RespClient]
  t.regex(await c.text('GET', 'a'), /^-NOAUTH /)
  t.regex(await c.text('HELLO', '3'), /^-NOAUTH HELLO/)
  t.regex(await c.text('AUTH', 'wrong'), /^-WRONGPASS/)
  t.is(await c.text('AUTH', 'säcret'), '+OK\r\n')
  t.is(show(decode(await c.call('CLIENT', 'GETNAME'))), '$nil')
  t.regex(await other.text('HELLO', '3', 'AUTH', 'default', 'säcret', 'SETNAME', 'w1'), /^%7/)
  t.is(await textOf(other, 'CLIENT', 'GETNAME'), 'w1')
  t.is(await other.text('RESET'), '+RESET\r\n')
  t.regex(await other.text('PING'), /^-NOAUTH /)
  t.is(await late.text('PING'), '+PONG\r\n', 'who was in before stays in')
  t.is((await infoOf(admin, 'stats')).get('acl_access_denied_auth'), '1')
})

test('CLIENT LIST has a line of name=value fields for each connection', async (t) => {
  const server = await startMillrace(t)
  const [a, b] = await clientsOf(t, server, 2) as [RespClient, RespClient]
  await a.call('CLIENT', 'SETNAME', 'alpha')
  await a.call('CLIENT', 'SETINFO', 'LIB-NAME', 'tester')
  await a.call('CLIENT', 'SETINFO', 'LIB-VER', '1.2')
  t.regex(await a.text('CLIENT', 'SETINFO', 'LIB-VER', 'a b'), /^-ERR lib-ver cannot contain/)
  await b.call('MULTI')
  await b.call('PING')
  const lines = (await textOf(a, 'CLIENT', 'LIST')).trimEnd().split('\n')
  const fields = lines.map((line) => Object.fromEntries(line.split(' ').map((word) => word.split('=', 2))))
  t.is(fields.length, 2)
  const mine = fields.find((one) => one['name'] === 'alpha')!
  t.is(mine['lib-name'], 'tester')
  t.is(mine['lib-ver'], '1.2')
  t.is(mine['cmd'], 'client|list')
  t.is(fields.find((one) => one['name'] === '')!['multi'], '1')
  t.is(fields.find((one) => one['name'] === '')!['flags'], 'x')
  const { id } = mine
  t.true((await textOf(b, 'DISCARD')) === 'OK')
  t.true((await textOf(b, 'CLIENT', 'LIST', 'ID', id!)).startsWith(`id=${id} `))
  t.is((await textOf(a, 'CLIENT', 'INFO')).split(' ').length, lines[0]!.split(' ').length)
})

test('CLIENT KILL closes those that match all filters, and spares the one who asks unless told otherwise', async (t) => {
  const server = await startMillrace(t)
  const [a, b, c] = await clientsOf(t, server, 3) as [RespClient, RespClient, RespClient]
  const id = (await b.text('CLIENT', 'ID')).slice(1).trim()
  t.is(await a.text('CLIENT', 'KILL', 'ID', id, 'TYPE', 'pubsub'), ':0\r\n')
  t.is(await a.text('CLIENT', 'KILL', 'ID', id, 'MAXAGE', '1000'), ':0\r\n')
  t.is(await a.text('CLIENT', 'KILL', 'ID', id, 'TYPE', 'normal', 'USER', 'default'), ':1\r\n')
  await b.closed
  const addr = /addr=(\S+)/.exec(await textOf(c, 'CLIENT', 'INFO'))![1]!
  t.is(await a.text('CLIENT', 'KILL', addr), '+OK\r\n')
  await c.closed
  t.is(await a.text('CLIENT', 'KILL', 'TYPE', 'normal'), ':0\r\n')
  t.is(await a.text('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no'), ':1\r\n')
  await a.closed
})

test('CLIENT PAUSE holds writes back, UNPAUSE lets them go on in order', async (t) => {
  const server = await startMillrace(t)
  const [admin, c] = await clientsOf(t, server, 2) as [RespClient, RespClient]
  t.is(await admin.text('CLIENT', 'PAUSE', '60000', 'WRITE'), '+OK\r\n')
  t.is(await c.text('GET', 'a'), '$-1\r\n')
  const held = c.pipeline([['SET', 'a', '1'], ['GET', 'a']])
  t.is(await Promise.race([held.then(() => 'done'), sleep(50, 'held')]), 'held')
  t.is(await admin.text('CLIENT', 'UNPAUSE'), '+OK\r\n')
  t.deepEqual((await held).map(String), ['+OK\r\n', '$1\r\n1\r\n'])
})

test('CLIENT UNBLOCK ends a wait as its timeout would, or with an error', async (t) => {
  const server = await startMillrace(t)
  const [admin, c] = await clientsOf(t, server, 2) as [RespClient, RespClient]
  const id = (await c.text('CLIENT', 'ID')).slice(1).trim()
  const error = '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'
  for (const [how, expected] of [['TIMEOUT', ':0\r\n'], ['ERROR', error]] as const) {
    const waiting = c.text('WAIT', '1', '0')
    await until('it is unblocked', async () => await admin.text('CLIENT', 'UNBLOCK', id, how) === ':1\r\n')
    t.is(await waiting, expected)
  }
})

test('CLIENT REPLY OFF, SKIP and ON', async (t) => {
  const server = await startMillrace(t)
  const [c] = await clientsOf(t, server, 1) as [RespClient]
  c.sendRaw('CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nCLIENT REPLY SKIP\r\nPING a\r\nPING b\r\n')
  t.deepEqual((await c.take(2)).map(String), ['+OK\r\n', '$1\r\nb\r\n'])
})

test('MONITOR shows commands as they come, quoted, without passwords and administration', async (t) => {
  const server = await startMillrace(t)
  const [watcher, c] = await clientsOf(t, server, 2) as [RespClient, RespClient]
  t.is(await watcher.text('MONITOR'), '+OK\r\n')
  await c.call('SELECT', '3')
  await c.call('SET', 'a"b', Buffer.from('x\x01\ny\xff', 'latin1'))
  await c.call('AUTH', 'default', 'secret')
  await c.call('CONFIG', 'GET', 'port')
  await c.call('PING')
  const lines = (await watcher.take(4)).map(String)
  t.regex(lines[0]!, /^\+\d{10}\.\d{6} \[\d 127\.0\.0\.1:\d+\] "SELECT" "3"\r\n$/)
  t.true(lines[1]!.includes('[3 ') && lines[1]!.endsWith('] "SET" "a\\"b" "x\\x01\\ny\\xff"\r\n'), lines[1])
  t.true(lines[2]!.endsWith('"AUTH" "(redacted)" "(redacted)"\r\n'), lines[2])
  t.true(lines[3]!.endsWith('"PING"\r\n'), lines[3])
})

test('SLOWLOG keeps the newest slow commands, cut, without passwords', async (t) => {
  const server = await startMillrace(t, { args: ['--slowlog-log-slower-than', '0', '--slowlog-max-len', '3'] })
  const [c] = await clientsOf(t, server, 1) as [RespClient]
  await c.call('CLIENT', 'SETNAME', 'slow')
  await c.call('SLOWLOG', 'RESET')
  await c.call('MGET', ...Array.from({ length: 40 }, (_, i) => `k${i}`))
  await c.call('ECHO', 'x'.repeat(200))
  await c.call('CONFIG', 'SET', 'requirepass', 'secret')
  const entries = decode(await c.call('SLOWLOG', 'GET', '-1')).value as RespValue[]
  t.is(entries.length, 3)
  const words = entries.map((entry) => ((entry.value as RespValue[])[3]!.value as RespValue[]).map((word) => word.value))
  t.deepEqual(words[0], ['CONFIG', 'SET', 'requirepass', '(redacted)'])
  t.deepEqual(words[1], ['ECHO', `${'x'.repeat(128)}... (72 more bytes)`])
  t.is(words[2]!.length, 32)
  t.is(words[2]!.at(-1), '... (10 more arguments)')
  t.is((entries[0]!.value as RespValue[])[5]!.value, 'slow')
  const script = `redis.call('KEYS', '*') return redis.call('GET', 'k')`
  await c.call('EVAL', script, '0')
  const scripted = decode(await c.call('SLOWLOG', 'GET', '2')).value as RespValue[]
  t.deepEqual(scripted.map((entry) => ((entry.value as RespValue[])[3]!.value as RespValue[]).map((word) => word.value)),
    [['EVAL', script, '0'], ['KEYS', '*']], 'of a script those are told apart that may visit many elements')
})

test('the latency monitor sees what reached its threshold', async (t) => {
  const server = await startMillrace(t, { args: [...debug, '--latency-monitor-threshold', '20'] })
  const [c] = await clientsOf(t, server, 1) as [RespClient]
  t.is(await c.text('DEBUG', 'SLEEP', '0.05'), '+OK\r\n')
  // On a loaded machine other events may be slow, too.
  const latest = decode(await c.call('LATENCY', 'LATEST')).value as RespValue[]
  const fields = latest.map((row) => (row.value as RespValue[]).map((field) => field.value as string)).find(([name]) => name === 'command')!
  t.true(Number(fields[3]) >= 50)
  t.regex(await textOf(c, 'LATENCY', 'GRAPH', 'command'), /^command - high \d+ ms/)
  t.regex(await textOf(c, 'LATENCY', 'DOCTOR'), /command: [1-9]\d* samples/)
  t.regex(show(decode(await c.call('LATENCY', 'HISTOGRAM', 'debug'))), /histogram_usec/)
  t.is(await c.text('LATENCY', 'RESET', 'command'), ':1\r\n')
})

test('INFO: sections as asked, true figures, RESETSTAT', async (t) => {
  const server = await startMillrace(t, { args: debug })
  const [c, waiting, other] = await clientsOf(t, server, 3) as [RespClient, RespClient, RespClient]
  await c.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
  const read = waiting.call('XREADGROUP', 'GROUP', 'g', 'ann', 'BLOCK', '0', 'STREAMS', 's', '>')
  const popped = other.call('BLPOP', 's2', 'l', '0')
  await until(async () => (await infoOf(c, 'clients')).get('blocked_clients') === '2')
  const waits = await infoOf(c, 'clients')
  t.deepEqual([waits.get('total_blocking_keys'), waits.get('total_blocking_keys_on_nokey')], ['3', '1'])
  await c.call('DEL', 's')
  await c.call('LPUSH', 'l', 'x')
  await Promise.all([read, popped])
  waiting.destroy()
  other.destroy()
  await until(async () => (await infoOf(c, 'clients')).get('connected_clients') === '1')
  await c.call('CONFIG', 'RESETSTAT')
  for (let i = 0; i < 10; i++) await c.call('SET', `k${i}`, 'v', 'PX', '100000')
  await c.call('GET', 'nothing')
  const all = await infoOf(c, 'everything')
  t.regex(all.get('redis_version')!, /^7\.4\.\d+$/)
  t.truthy(all.get('millrace_version'))
  t.regex(all.get('db0')!, /^keys=10,expires=10,avg_ttl=9\d{4},subexpiry=0$/)
  t.regex(all.get('cmdstat_set')!, /^calls=10,usec=\d+,usec_per_call=[\d.]+,rejected_calls=0,failed_calls=0$/)
  t.regex(all.get('listener0')!, /^name=tcp(?:,bind=[^,]+)+,port=\d+$/)
  // As clients read it (redis-py): a value with both `,` and `=` is a row of `name=value`.
  const rows = [...all.values()].filter((value) => value.includes(',') && value.includes('='))
  t.deepEqual(rows.flatMap((row) => row.split(',')).filter((item) => !item.includes('=')), [])
  t.is(all.get('keyspace_misses'), '1')
  t.is(all.get('connected_clients'), '1')
  t.is(all.get('aof_enabled'), '1')
  t.true(Number(all.get('log_position')) >= 10)
  // What alarms look at: a small dataset beside Node's own memory is no fragmentation.
  const fragmentation = Number(all.get('mem_fragmentation_ratio'))
  t.true(fragmentation > 0.1 && fragmentation < 10, String(fragmentation))
  t.true((await textOf(c, 'INFO', 'clients', 'keyspace')).startsWith('# Clients\r\n'))
  t.deepEqual([...(await infoOf(c, 'keyspace')).keys()], ['db0'])
  t.is(await c.text('DEBUG', 'RELOAD'), '+OK\r\n')
  await c.call('FLUSHALL', 'ASYNC')
  await until(async () => (await infoOf(c, 'memory')).get('lazyfreed_objects') === '10')
  t.is((await infoOf(c, 'persistence')).get('rdb_saves'), '1')
  await c.call('CONFIG', 'RESETSTAT')
  const fresh = await infoOf(c, 'all')
  for (const name of ['rdb_saves', 'lazyfreed_objects', 'sync_full', 'evicted_scripts']) t.is(fresh.get(name), '0', name)
  t.is(fresh.get('cmdstat_set'), undefined)
  t.is(fresh.get('keyspace_misses'), '0')
})

test('WAITAOF answers when the writes are on disk; without a log it refuses', async (t) => {
  const server = await startMillrace(t, { appendfsync: 'no' })
  const [c] = await clientsOf(t, server, 1) as [RespClient]
  const replies = await c.pipeline([['SET', 'a', '1'], ['WAITAOF', '1', '0', '0'], ['WAITAOF', '0', '0', '0']])
  t.deepEqual(replies.map(String), ['+OK\r\n', '*2\r\n:1\r\n:0\r\n', '*2\r\n:1\r\n:0\r\n'])
  t.is(await c.text('WAITAOF', '1', '1', '20'), '*2\r\n:1\r\n:0\r\n')
  t.regex(await c.text('WAITAOF', '2', '0', '0'), /^-ERR value is out of range/)
  const without = await startMillrace(t, { args: ['--appendonly', 'no'] })
  const [d] = await clientsOf(t, without, 1) as [RespClient]
  t.regex(await d.text('WAITAOF', '1', '0', '0'), /^-ERR WAITAOF cannot be used/)
})

test('DEBUG RELOAD folds the log to the same digest; a restart does so, too', async (t) => {
  const server = await startMillrace(t, { args: debug })
  const [c] = await clientsOf(t, server, 1) as [RespClient]
  for (let i = 0; i < 200; i++) await c.call('SET', `k${i % 150}`, `v${i}`, ...(i % 3 === 0 ? ['PX', '1000000'] : []))
  const digest = await c.text('DEBUG', 'DIGEST')
  t.notRegex(digest, /^\+0+\r/)
  t.is(await c.text('DEBUG', 'RELOAD'), '+OK\r\n')
  t.is(await c.text('DEBUG', 'DIGEST'), digest)
  await c.call('DEL', 'k1')
  t.not(await c.text('DEBUG', 'DIGEST'), digest)
  await c.call('SET', 'k1', 'v151')
  t.is(await c.text('DEBUG', 'DIGEST'), digest)
  c.sendRaw('SHUTDOWN NOSAVE\r\n')
  t.is(await server.ended, 0)
  await server.start()
  const [again] = await clientsOf(t, server, 1) as [RespClient]
  t.is(await again.text('DEBUG', 'DIGEST'), digest)
})
