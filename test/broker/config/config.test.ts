// The configuration: what a start reads, what CONFIG SET takes and refuses, what CONFIG REWRITE leaves in the file.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { ConfigError, createConfig } from '../../../broker/config/config.ts'
import { splitWords } from '../../../broker/config/file.ts'
import { names, rowOf } from '../../../broker/config/table.ts'
import { formatMemory, parseMemory, quote } from '../../../broker/config/value.ts'

function folder(t: ExecutionContext): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'millrace-config-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

function fileWith(t: ExecutionContext, text: string): string {
  const file = path.join(folder(t), 'redis.conf')
  writeFileSync(file, text)
  return file
}

function refusal(argv: readonly string[]): string {
  try {
    createConfig(argv, 'Millrace 0.0')
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'nothing was refused'
}

test('the defaults are those of Redis, but the log is on', (t) => {
  const { values } = createConfig()
  t.is(values.port, 6379)
  t.true(values.appendonly)
  t.is(values.appendfsync, 'everysec')
  t.is(values.clientQueryBufferLimit, 1 << 30)
  t.deepEqual(values.save.map((rule) => rule.seconds), [3600, 300, 60])
  t.is(values.dir, process.cwd())
})

test('arguments of the command line win over the file, and the last one wins', (t) => {
  const file = fileWith(t, '# a comment\nport 7001\nmaxmemory 2GB\n')
  const { values } = createConfig([file, '--port', '7002', '--port', '7003', '--requirepass', 'a "b" \\ c'])
  t.is(values.port, 7003)
  t.is(values.maxmemory, 2 * 1024 ** 3)
  t.is(values.requirepass, 'a "b" \\ c')
})

test('lines of save and client-output-buffer-limit add up; an empty save clears', (t) => {
  const file = fileWith(t, 'save 900 1\nsave 60 5\nclient-output-buffer-limit replica 1mb 2mb 3\n'
    + 'client-output-buffer-limit pubsub 1kb 2k 4\n')
  const config = createConfig([file])
  t.is(config.get('save'), '900 1 60 5')
  t.is(config.get('client-output-buffer-limit'), 'normal 0 0 0 slave 1048576 2097152 3 pubsub 1024 2000 4')
  t.is(createConfig([file, '--save', '']).get('save'), '')
  t.is(createConfig(['--save', '10 1']).get('save'), '10 1')
  t.is(createConfig(['--save', '10', '1', '20', '2']).get('save'), '10 1 20 2')
})

test('an include takes the place of its line, with globs', (t) => {
  const dir = folder(t)
  writeFileSync(path.join(dir, 'a.part'), 'timeout 1\nport 1\n')
  writeFileSync(path.join(dir, 'b.part'), 'timeout 2\n')
  writeFileSync(path.join(dir, 'redis.conf'), `include ${dir}/*.part\ninclude ${dir}/none-*.x\nport 2\n`)
  const { values } = createConfig([path.join(dir, 'redis.conf')])
  t.is(values.timeout, 2)
  t.is(values.port, 2)
  t.regex(refusal(['--include', path.join(dir, 'missing')]), /^Fatal error, can't open config file '.*missing': No such/)
})

test('a start with what nobody knows is refused as Redis refuses it', (t) => {
  t.is(refusal(['--nope', '1']), '\n*** FATAL CONFIG FILE ERROR (Millrace 0.0) ***\n'
    + `Reading the configuration, at line 1\n>>> 'nope "1"'\nBad directive or wrong number of arguments`)
  const reasons = [
    ['port x', `argument couldn't be parsed into an integer`], ['port 1 2', 'wrong number of arguments'],
    ['port 99999', 'argument must be between 0 and 65535 inclusive'], ['port "12', 'Unbalanced quotes'],
    ['appendonly maybe', `argument must be 'yes' or 'no'`], ['maxmemory abc', 'argument must be a memory value'],
    ['dir /no/such/place', 'No such file or directory'], ['appendfilename a/b', `can't be a path, just a filename`],
    ['appendfilename ""', `can't be empty`], ['save 1', 'Invalid save parameters'], ['cluster-enabled yes', 'no cluster'],
    ['unixsocketperm 888', 'octal'], ['replicaof a 65536', 'master port'],
    ['loadmodule /usr/lib/redisearch.so', 'no modules'], ['sentinel monitor a b 1 1', 'not in sentinel mode'],
    ['rename-command GET', 'number of arguments'],
  ] as const
  for (const [line, reason] of reasons) {
    const text = refusal([fileWith(t, `\n${line}\n`)])
    t.true(text.includes(`at line 2\n>>> '${line}'\n`) && text.includes(reason), text)
  }
})

function failed(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`
}

test('CONFIG SET takes all pairs or none, with the errors of Redis', (t) => {
  const config = createConfig(['--enable-protected-configs', 'local'])
  t.is(config.set([['maxmemory', '1gb'], ['timeout', 'x']]), failed('timeout', `argument couldn't be parsed into an integer`))
  t.is(config.values.maxmemory, 0)
  t.is(config.set([['databases', '4']]), failed('databases', `can't set immutable config`))
  t.is(config.set([['dir', '/']]), failed('dir', `can't set protected config`))
  t.is(config.set([['dir', '/']], true), undefined)
  t.is(config.set([['timeout', '1'], ['TIMEOUT', '2']]), failed('TIMEOUT', 'duplicate parameter'))
  t.is(config.set([['nope', '1']]), `ERR Unknown option or number of arguments for CONFIG SET - 'nope'`)
  t.is(config.set([['appendfsync', 'x']]),
    failed('appendfsync', 'argument(s) must be one of the following: everysec, always, no'))
  t.is(config.set([['maxmemory-clients', '50%']]), undefined)
  t.is(config.get('maxmemory-clients'), '50%')
  t.is(config.set([['slowlog-log-slower-than', '-2']]),
    failed('slowlog-log-slower-than', 'argument must be between -1 and 9223372036854775807 inclusive'))
  t.is(config.set([['hash-max-ziplist-value', '7']]), undefined)
  t.is(config.get('hash-max-listpack-value'), '7')
  t.is(config.set([['notify-keyspace-events', 'Kg$lshzxetmdn']]), undefined)
  t.is(config.get('notify-keyspace-events'), 'AKmn')
  t.is(config.set([['shutdown-on-sigint', 'NOW save']]), undefined)
  t.is(config.get('shutdown-on-sigint'), 'save now')
})

test('a listener hears of changes and can refuse them', (t) => {
  const config = createConfig()
  const heard: unknown[] = []
  config.onChange(['timeout', 'maxclients'], (name) => {
    heard.push([name, config.values[name]])
    return config.values.maxclients === 13 ? 'unlucky' : undefined
  })
  t.is(config.set([['timeout', '0']]), undefined)
  t.is(config.set([['timeout', '5'], ['loglevel', 'debug']]), undefined)
  t.deepEqual(heard, [['timeout', 5]])
  t.true(config.set([['timeout', '6'], ['maxclients', '13']])!.endsWith('unlucky'))
  t.is(config.values.timeout, 5)
  t.is(config.values.maxclients, 10_000)
  t.deepEqual(heard.slice(-2), [['timeout', 6], ['timeout', 5]])
})

test('a stock redis.conf loads unchanged', (t) => {
  const stock = [
    'bind 127.0.0.1 -::1', 'protected-mode yes', 'port 6379', 'tcp-backlog 511', 'timeout 0', 'tcp-keepalive 300',
    'daemonize yes', 'pidfile /run/redis/redis-server.pid', 'loglevel notice', 'logfile /var/log/redis/redis-server.log',
    'databases 16', 'always-show-logo no', 'set-proc-title yes', 'proc-title-template "{title} {listen-addr} {server-mode}"',
    'stop-writes-on-bgsave-error yes', 'rdbcompression yes', 'rdbchecksum yes', 'dbfilename dump.rdb',
    'rdb-del-sync-files no', 'dir ./', 'replica-serve-stale-data yes', 'replica-read-only yes', 'repl-diskless-sync yes',
    'repl-diskless-sync-delay 5', 'repl-diskless-sync-max-replicas 0', 'repl-diskless-load disabled',
    'repl-disable-tcp-nodelay no', 'replica-priority 100', 'acllog-max-len 128', 'lazyfree-lazy-eviction no',
    'lazyfree-lazy-expire no', 'lazyfree-lazy-server-del no', 'replica-lazy-flush no', 'lazyfree-lazy-user-del no',
    'lazyfree-lazy-user-flush no', 'oom-score-adj no', 'oom-score-adj-values 0 200 800', 'disable-thp yes',
    'appendonly no', 'appendfilename "appendonly.aof"', 'appenddirname "appendonlydir"', 'appendfsync everysec',
    'no-appendfsync-on-rewrite no', 'auto-aof-rewrite-percentage 100', 'auto-aof-rewrite-min-size 64mb',
    'aof-load-truncated yes', 'aof-use-rdb-preamble yes', 'aof-timestamp-enabled no', 'slowlog-log-slower-than 10000',
    'slowlog-max-len 128', 'latency-monitor-threshold 0', 'notify-keyspace-events ""', 'hash-max-listpack-entries 512',
    'hash-max-listpack-value 64', 'list-max-listpack-size -2', 'list-compress-depth 0', 'set-max-intset-entries 512',
    'zset-max-listpack-entries 128', 'zset-max-listpack-value 64', 'hll-sparse-max-bytes 3000',
    'stream-node-max-bytes 4096', 'stream-node-max-entries 100', 'activerehashing yes',
    'client-output-buffer-limit normal 0 0 0', 'client-output-buffer-limit replica 256mb 64mb 60',
    'client-output-buffer-limit pubsub 32mb 8mb 60', 'hz 10', 'dynamic-hz yes', 'aof-rewrite-incremental-fsync yes',
    'rdb-save-incremental-fsync yes', 'jemalloc-bg-thread yes',
  ]
  const config = createConfig([fileWith(t, stock.join('\n'))])
  t.false(config.values.appendonly)
  t.deepEqual(config.values.bind, ['127.0.0.1', '-::1'])
  t.deepEqual(config.warnings, [])
  const { warnings } = createConfig(['--hz', '20'])
  t.deepEqual(warnings, [`'hz' is accepted for compatibility and has no effect in Millrace`])
})

test('REWRITE keeps comments, order and spelling; only what changed changes', (t) => {
  const text = '# head\n\n  port   7001\n# about save\nsave 900 1\nsave 300 10\ntimeout 5\n# tail\ndbfilename dump.rdb\n'
  const file = fileWith(t, text)
  chmodSync(file, 0o640)
  const config = createConfig([file])
  t.is(config.rewrite(), undefined)
  const kept = readFileSync(file, 'utf8')
  t.true(kept.startsWith(text), kept)
  t.is(config.set([['save', '60 1'], ['timeout', '0'], ['maxmemory', '104857600'], ['requirepass', 'a b"c']]), undefined)
  t.is(config.rewrite(), undefined)
  const lines = readFileSync(file, 'utf8').split('\n')
  t.deepEqual(lines.slice(0, 8),
    ['# head', '', '  port   7001', '# about save', 'save 60 1', 'timeout 0', '# tail', 'dbfilename dump.rdb'])
  t.true(lines.includes('maxmemory 100mb') && lines.includes('requirepass "a b\\"c"'))
  t.is(lines.filter((line) => line === '# Generated by CONFIG REWRITE').length, 1)
  t.is(statSync(file).mode & 0o777, 0o640)
  t.is(createConfig().rewrite(), 'ERR The server is running without a config file')
})

const anyText = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((s) => !s.includes('\0'))

function anyValue(name: string): fc.Arbitrary<string> {
  const row = rowOf(name)!
  if (row.kind === 'bool') return fc.constantFrom('yes', 'no')
  if (row.kind === 'enum') return fc.constantFrom(...row.options)
  if (row.kind === 'flags') {
    const agreeing = row.options.filter((option) => option !== 'nosave')
    return fc.subarray(agreeing, { minLength: 1 }).map((list) => list.join(' '))
  }
  if (row.kind === 'int') {
    const top = Math.min(row.max, Number.MAX_SAFE_INTEGER)
    const number = fc.integer({ min: row.unit === 'percent' ? 0 : row.min, max: top })
    return number.map((n) => (row.unit === 'octal' ? n.toString(8) : String(n)))
  }
  if (name === 'save') return fc.constantFrom('', '60 1', '900 1 300 10')
  if (name === 'client-output-buffer-limit') return fc.constantFrom('normal 1mb 2 3', 'replica 1 1 1 pubsub 3 3 3')
  if (name === 'bind') return fc.constantFrom('127.0.0.1', '* -::*', '10.0.0.1 ::1')
  if (name === 'notify-keyspace-events') return fc.constantFrom('', 'KEA', 'Kg', 'Elsn', 'AKEmn')
  if (name === 'latency-tracking-info-percentiles') return fc.constantFrom('', '50', '1 2.5 99.99')
  return row.kind === 'text' && row.accept === undefined ? anyText : fc.constant(createConfig().get(name)!)
}

test('reading what REWRITE wrote gives the same values', (t) => {
  const settable = names.filter((name) => rowOf(name)!.immutable === undefined && rowOf(name)!.name === name)
  const changes = fc.uniqueArray(fc.constantFrom(...settable).chain((name) => anyValue(name).map((v) => [name, v] as const)),
    { maxLength: 30, selector: ([name]) => name })
  const file = fileWith(t, '')
  fc.assert(fc.property(changes, changes, fc.constantFrom('', '# c\nport 1\nsave 1 1\nsave 2 2\n'), (first, second, text) => {
    writeFileSync(file, text)
    const config = createConfig([file, '--enable-protected-configs', 'yes'])
    for (const pairs of [first, second]) {
      t.is(config.set(pairs), undefined)
      t.is(config.rewrite(), undefined)
      const again = createConfig([file])
      for (const name of names) t.is(again.get(name), config.get(name), name)
      const before = readFileSync(file, 'utf8')
      t.is(again.rewrite(), undefined)
      t.is(readFileSync(file, 'utf8'), before)
    }
  }), { numRuns: 60 })
})

test('quoting and splitting are inverse; units too', (t) => {
  fc.assert(fc.property(fc.array(anyText, { maxLength: 6 }), (list) => {
    t.deepEqual(splitWords(list.map((word) => quote(word)).join(' \t')), list)
  }))
  fc.assert(fc.property(fc.nat(), fc.constantFrom(1, 1000, 1024, 1024 ** 2, 1024 ** 3), (n, unit) => {
    t.is(parseMemory(formatMemory(n * unit)), n * unit)
  }))
  t.deepEqual(splitWords(`a 'it\\'s' "\\x41\\n\\q"  b`), ['a', `it's`, 'A\nq', 'b'])
  for (const bad of ['"a', `'a`, '"a"b', `'a'b`]) t.is(splitWords(bad), undefined, bad)
})
