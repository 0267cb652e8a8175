// The server commands whose replies are the same on any machine.
import {
  anyOf, anyOrder, command, either, maybe, none, seq, times, word, type CommandShape,
} from '../grammar.ts'
import { anyKey, int, value } from '../pool.ts'

const settings = [
  'maxmemory', 'maxmemory-policy', 'appendonly', 'appendfsync', 'save', 'databases', 'timeout',
  'tcp-keepalive', 'maxclients', 'proto-max-bulk-len', 'client-query-buffer-limit',
  'client-output-buffer-limit', 'slowlog-log-slower-than', 'slowlog-max-len',
  'latency-monitor-threshold', 'stream-node-max-entries', 'stream-node-max-bytes',
  'aof-load-truncated',
  'aof-use-rdb-preamble', 'auto-aof-rewrite-percentage', 'auto-aof-rewrite-min-size',
  'appendfilename', 'appenddirname', 'dbfilename', 'rdbcompression',
  'rdbchecksum', 'stop-writes-on-bgsave-error',
  'notify-keyspace-events', 'requirepass', 'no-appendfsync-on-rewrite', 'nope', 'tls-port',
  'unixsocket', 'maxmemory-samples', 'lfu-log-factor', 'lfu-decay-time',
]

/** Commands whose declaration is compared: arity, flags, keys and ACL categories. */
const described = [
  'GET', 'set', 'MSET', 'XADD', 'XREADGROUP', 'XREAD', 'XCLAIM', 'PING', 'SELECT', 'MULTI', 'EXEC',
  'WATCH', 'DEL', 'RENAME', 'COPY', 'EXPIRE', 'SCAN', 'KEYS', 'INCRBYFLOAT', 'LCS', 'GETEX',
  'SETRANGE', 'XRANGE', 'XPENDING', 'XAUTOCLAIM', 'XTRIM', 'XDEL', 'XACK', 'FLUSHALL', 'SWAPDB', 'DBSIZE',
  'ECHO', 'APPEND', 'TOUCH', 'TTL', 'PERSIST', 'MOVE', 'XSETID', 'INCR', 'GETDEL', 'MSETNX',
  'SUBSTR', 'TIME',
]

export const serverCommands: readonly CommandShape[] = [
  command('DBSIZE', 6, none),
  command('FLUSHDB', 1, maybe(0.6, anyOf('ASYNC', 'SYNC', 'nope'))),
  command('FLUSHALL', 1, maybe(0.6, anyOf('ASYNC', 'sync', 'nope'))),
  command('SWAPDB', 3, seq(anyOf('0', '1', '16', 'x', '-1'), anyOf('0', '1', '2', 'y', '99'))),
  command('TIME', 2, none),
  command('LASTSAVE', 1, none),
  command('INFO', 2, anyOf('server', 'clients', 'memory', 'stats', 'replication', 'nope')),
  command('MEMORY', 3, either(
    seq(word('USAGE'), anyKey, maybe(0.4, seq(word('SAMPLES'), int))), word('HELP'), word('NOPE'),
    seq(word('USAGE'), anyKey, word('NOPE')), word('USAGE'),
  )),
  command('CONFIG', 8, either(
    seq(word('GET'), anyOf(...settings)), seq(word('GET'), anyOf(...settings), anyOf(...settings)),
    seq(word('GET'), anyOf('slowlog-*', 'stream-node-*', 'MAXMEMORY', 'appendf*')),
    seq(word('SET'), word('slowlog-max-len'), anyOf('128', '10', 'x', '-1')),
    seq(word('SET'), word('maxmemory-policy'), anyOf('noeviction', 'allkeys-lru', 'nope')),
    word('SET', 'maxmemory-policy', 'noeviction'),
    seq(word('SET', 'timeout'), anyOf('0', 'x', '-1')),
    seq(word('SET', 'nope'), value), word('SET', 'slowlog-max-len', '128', 'slowlog-max-len', '12'),
    word('SET', 'databases', '4'), seq(word('SET', 'appendonly'), anyOf('maybe')),
    word('RESETSTAT'), word('HELP'), word('NOPE'), word('GET'), word('SET', 'timeout'),
  ), 'fragile'),
  command('COMMAND', 6, either(
    seq(word('GETKEYS'), either(
      seq(word('SET'), anyKey, value), seq(word('MSET'), times(1, 2, seq(anyKey, value))),
      seq(word('XREAD', 'COUNT', '1', 'STREAMS'), anyKey, anyKey, word('0', '0')),
      seq(word('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS'), anyKey, word('>')),
      seq(word('XADD'), anyKey, word('*', 'f', 'v')), seq(word('RENAME'), anyKey, anyKey),
      seq(word('XGROUP', 'CREATE'), anyKey, word('g', '$')),
      seq(word('OBJECT', 'ENCODING'), anyKey),
      seq(word('LCS'), anyKey, anyKey), word('PING'), word('NOPE'), word('GET'), none,
    )),
    seq(word('GETKEYSANDFLAGS'), either(
      seq(word('SET'), anyKey, value, maybe(0.5, word('GET'))), seq(word('COPY'), anyKey, anyKey),
      seq(word('XREAD', 'STREAMS'), anyKey, word('0')), seq(word('DEL'), times(1, 2, anyKey)),
    )),
    seq(word('INFO'), anyOf('nope', 'nope|nope')), seq(word('INFO'), anyOf(...described)),
    word('NOPE'), word('HELP'),
  ), 'fragile'),
  command('SLOWLOG', 2, either(
    word('RESET'), word('HELP'), word('NOPE'), word('GET', 'x'),
  ), 'fragile'),
  command('LATENCY', 2, either(
    word('RESET'), word('LATEST'), word('HISTORY', 'nope'), word('HELP'),
    word('NOPE'), word('HISTORY'),
  ), 'fragile'),
  command('DEBUG', 2, either(
    word('SLEEP', '0'), word('SET-ACTIVE-EXPIRE', '1'), word('HELP'), word('NOPE'),
  ), 'fragile'),
  command('NOPE', 1, seq(times(0, 3, value), anyOrder(none))),
]
