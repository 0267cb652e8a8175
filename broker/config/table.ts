// Every parameter that means something here, a row each. Names, ranges and defaults are those of Redis 7.4, with one
// difference on purpose: `appendonly` is yes, because the log is the database.

import path from 'node:path'
import { accessSync, constants, statSync } from 'node:fs'
import { bridgeRows } from './bridge-rows.ts'
import { inertRows } from './inert-rows.ts'
import type { Row } from './row.ts'
import { bool, flags, int, intMax, longMax, memory, oneOf, Refused, text, uintMax, ulongMax } from './row.ts'
import { wordRows } from './words.ts'

const shutdownWords = ['default', 'save', 'nosave', 'now', 'force'] as const
const localOr = ['no', 'yes', 'local'] as const

const liveRows = [
  // The network.
  int('port', 6379, 0, 65535),
  text('unixsocket', '', { immutable: true }),
  int('unixsocketperm', 0, 0, 0o777, { immutable: true, unit: 'octal' }),
  int('tcp-backlog', 511, 0, intMax, { immutable: true }),
  int('tcp-keepalive', 300, 0, intMax),
  int('timeout', 0, 0, intMax),
  int('maxclients', 10000, 1, uintMax),
  bool('protected-mode', true),
  int('tls-port', 0, 0, 65535),
  text('tls-cert-file', ''),
  text('tls-key-file', ''),
  text('tls-key-file-pass', '', { sensitive: true }),
  text('tls-client-cert-file', ''),
  text('tls-client-key-file', ''),
  text('tls-client-key-file-pass', '', { sensitive: true }),
  text('tls-ca-cert-file', ''),
  text('tls-ca-cert-dir', ''),
  text('tls-dh-params-file', ''),
  text('tls-protocols', ''),
  text('tls-ciphers', ''),
  text('tls-ciphersuites', ''),
  bool('tls-prefer-server-ciphers', false),
  bool('tls-session-caching', true),
  int('tls-session-cache-timeout', 300, 0, intMax),
  oneOf('tls-auth-clients', 'yes', ['no', 'yes', 'optional']),
  memory('client-query-buffer-limit', 1 << 30, 1 << 20, longMax),
  memory('proto-max-bulk-len', 512 << 20, 1 << 20, longMax),
  memory('maxmemory-clients', 0, -100, longMax, { unit: 'percent' }),

  // Who may do what.
  text('requirepass', '', { sensitive: true }),
  text('aclfile', '', { immutable: true }),
  oneOf('acl-pubsub-default', 'resetchannels', ['allchannels', 'resetchannels']),
  oneOf('enable-protected-configs', 'no', localOr, { immutable: true }),
  oneOf('enable-debug-command', 'no', localOr, { immutable: true }),

  // The data directory and the log.
  int('databases', 16, 1, intMax, { immutable: true }),
  text('dir', process.cwd(), { protected: true, accept: existingDirectory }),
  bool('appendonly', true),
  oneOf('appendfsync', 'everysec', ['everysec', 'always', 'no']),
  text('appendfilename', 'appendonly.aof', { immutable: true, accept: (name) => fileName('appendfilename', name) }),
  text('appenddirname', 'appendonlydir', { immutable: true, accept: (name) => fileName('appenddirname', name) }),
  bool('aof-load-truncated', true),
  bool('aof-use-rdb-preamble', true),
  bool('aof-timestamp-enabled', false),
  memory('log-retention-bytes', 1 << 30, 0, longMax),
  int('log-retention-ms', 0, 0, longMax),
  memory('log-query-maxmemory', 1 << 30, 1 << 20, longMax),
  int('auto-aof-rewrite-percentage', 100, 0, intMax),
  memory('auto-aof-rewrite-min-size', 64 << 20, 0, longMax),
  text('dbfilename', 'dump.rdb', { protected: true, accept: (name) => fileName('dbfilename', name) }),
  bool('rdbcompression', true),
  bool('rdbchecksum', true),
  bool('stop-writes-on-bgsave-error', true),
  int('rdb-key-save-delay', 0, -intMax - 1, intMax, { hidden: true }),
  int('key-load-delay', 0, -intMax - 1, intMax, { hidden: true }),

  // Replicas.
  text('masteruser', ''),
  text('masterauth', '', { sensitive: true }),
  bool('replica-serve-stale-data', true, { alias: 'slave-serve-stale-data' }),
  bool('replica-read-only', true, { alias: 'slave-read-only' }),
  bool('replica-ignore-maxmemory', true, { alias: 'slave-ignore-maxmemory' }),
  text('replica-announce-ip', '', { alias: 'slave-announce-ip' }),
  int('replica-announce-port', 0, 0, 65535, { alias: 'slave-announce-port' }),
  int('replica-priority', 100, 0, intMax, { alias: 'slave-priority' }),
  bool('tls-replication', false),
  bool('tls-cluster', false),
  bool('replica-announced', true),
  int('repl-ping-replica-period', 10, 1, intMax, { alias: 'repl-ping-slave-period' }),
  int('repl-timeout', 60, 1, intMax),
  bool('repl-disable-tcp-nodelay', false),
  memory('repl-backlog-size', 1 << 20, 1, longMax),
  int('repl-backlog-ttl', 3600, 0, longMax),
  bool('repl-diskless-sync', true),
  int('repl-diskless-sync-delay', 5, 0, intMax),
  int('repl-diskless-sync-max-replicas', 0, 0, intMax),
  oneOf('repl-diskless-load', 'disabled', ['disabled', 'on-empty-db', 'swapdb']),
  int('min-replicas-to-write', 0, 0, intMax, { alias: 'min-slaves-to-write' }),
  int('min-replicas-max-lag', 10, 0, intMax, { alias: 'min-slaves-max-lag' }),

  // Memory.
  memory('maxmemory', 0, 0, ulongMax),
  oneOf('maxmemory-policy', 'noeviction', [
    'volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl', 'allkeys-lru', 'allkeys-lfu', 'allkeys-random',
    'noeviction',
  ]),
  int('maxmemory-samples', 5, 1, 64),
  int('maxmemory-eviction-tenacity', 10, 0, 100),
  int('lfu-log-factor', 10, 0, intMax),
  int('lfu-decay-time', 1, 0, intMax),
  bool('lazyfree-lazy-eviction', false),
  bool('lazyfree-lazy-user-del', false),
  bool('lazyfree-lazy-user-flush', false),

  // The shapes of values.
  memory('stream-node-max-bytes', 4096, 0, longMax),
  int('stream-node-max-entries', 100, 0, longMax),
  int('hash-max-listpack-entries', 512, 0, longMax, { alias: 'hash-max-ziplist-entries' }),
  memory('hash-max-listpack-value', 64, 0, longMax, { alias: 'hash-max-ziplist-value' }),
  int('list-max-listpack-size', -2, -intMax - 1, intMax, { alias: 'list-max-ziplist-size' }),
  int('list-compress-depth', 0, 0, intMax),
  int('set-max-intset-entries', 512, 0, longMax),
  int('set-max-listpack-entries', 128, 0, longMax),
  memory('set-max-listpack-value', 64, 0, longMax),
  int('zset-max-listpack-entries', 128, 0, longMax, { alias: 'zset-max-ziplist-entries' }),
  memory('zset-max-listpack-value', 64, 0, longMax, { alias: 'zset-max-ziplist-value' }),
  memory('hll-sparse-max-bytes', 3000, 0, longMax),

  // What is watched.
  int('slowlog-log-slower-than', 10_000, -1, longMax),
  int('slowlog-max-len', 128, 0, longMax),
  int('latency-monitor-threshold', 0, 0, longMax),
  bool('latency-tracking', true),
  int('tracking-table-max-keys', 1_000_000, 0, longMax),
  int('acllog-max-len', 128, 0, longMax),
  int('busy-reply-threshold', 5000, 0, longMax, { alias: 'lua-time-limit' }),
  oneOf('loglevel', 'notice', ['debug', 'verbose', 'notice', 'warning', 'nothing']),
  text('logfile', '', { immutable: true }),
  text('pidfile', '', { immutable: true }),
  bool('daemonize', false, { immutable: true }),
  int('metrics-port', 0, 0, 65535, { immutable: true }),
  text('metrics-bind', '127.0.0.1', { immutable: true }),
  text('metrics-streams', ''),
  text('otlp-endpoint', '', { immutable: true }),
  int('otlp-interval', 10_000, 100, intMax, { immutable: true }),
  int('trace-one-in', 0, 0, intMax),

  // The stop.
  int('shutdown-timeout', 10, 0, intMax),
  flags('shutdown-on-sigint', 'default', shutdownWords, { accept: shutdownOptions }),
  flags('shutdown-on-sigterm', 'default', shutdownWords, { accept: shutdownOptions }),
] as const

function shutdownOptions(words: string): string {
  const sent = words.split(' ')
  if (!sent.includes('save') || !sent.includes('nosave')) return words
  throw new Refused(`shutdown options SAVE and NOSAVE can't be used simultaneously`)
}

function existingDirectory(name: string): string {
  const dir = path.resolve(name)
  const found = statSync(dir, { throwIfNoEntry: false })
  if (found === undefined) throw new Refused('No such file or directory')
  if (!found.isDirectory()) throw new Refused('Not a directory')
  try {
    accessSync(dir, constants.X_OK)
  } catch {
    throw new Refused('Permission denied')
  }
  return dir
}

function fileName(parameter: string, name: string): string {
  if (name === '' && parameter !== 'dbfilename') throw new Refused(`${parameter} can't be empty`)
  if (path.basename(name) !== name) throw new Refused(`${parameter} can't be a path, just a filename`)
  return name
}

type Live = (typeof liveRows)[number] | (typeof wordRows)[number] | (typeof bridgeRows)[number]
type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S

/** The values by name, `tcp-keepalive` as `tcpKeepalive`. Those of inert rows are kept too, but without a type. */
export type Values = { -readonly [R in Live as Camel<R['name']>]: R['default'] }

export const rows: readonly Row[] = [...liveRows, ...wordRows, ...bridgeRows, ...inertRows]
  .toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** `tcp-keepalive` → `tcpKeepalive` */
export function fieldOf(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

const byName = new Map<string, Row>()
for (const row of rows) {
  byName.set(row.name, row)
  if (row.alias !== undefined) byName.set(row.alias, row)
}

/** The row of a name or alias in any case. */
export function rowOf(name: string): Row | undefined {
  return byName.get(name.toLowerCase())
}

/** All names, aliases too, in order; without those that are hidden. */
export const names: readonly string[] = [...byName].filter(([, row]) => row.hidden !== true).map(([name]) => name)
  .toSorted()
