// Parameters of Redis that mean nothing here (replication, cluster, modules, allocator, processor sets …). They are
// kept so that a stock redis.conf loads unchanged and CONFIG GET tells tools what Redis would tell them.

import type { Row } from './row.ts'
import { bool, int, intMax, longMax, memory, oneOf, Refused, text } from './row.ts'

const inert = { inert: true } as const
const fixed = { inert: true, immutable: true } as const
const facilities = ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const

export const inertRows: readonly Row[] = [
  // The process.
  oneOf('supervised', 'no', ['upstart', 'systemd', 'auto', 'no'], fixed),
  bool('always-show-logo', false, fixed),
  bool('set-proc-title', true, fixed),
  text('proc-title-template', '{title} {listen-addr} {server-mode}', { inert: true, accept: titleTemplate }),
  bool('syslog-enabled', false, fixed),
  text('syslog-ident', 'redis', fixed),
  oneOf('syslog-facility', 'local0', facilities, fixed),
  bool('crash-log-enabled', true, inert),
  bool('crash-memcheck-enabled', true, inert),
  bool('use-exit-on-panic', false, fixed),
  oneOf('oom-score-adj', 'no', ['no', 'yes', 'relative', 'absolute'], inert),
  bool('disable-thp', true, fixed),
  text('ignore-warnings', '', inert),
  text('locale-collate', '', inert),
  text('server_cpulist', '', fixed),
  text('bio_cpulist', '', fixed),
  text('aof_rewrite_cpulist', '', fixed),
  text('bgsave_cpulist', '', fixed),
  int('io-threads', 1, 1, 128, fixed),
  bool('io-threads-do-reads', false, fixed),
  int('hz', 10, 0, intMax, inert),
  bool('dynamic-hz', true, inert),
  int('socket-mark-id', 0, 0, 4294967295, fixed),
  text('bind-source-addr', '', inert),

  int('max-new-connections-per-cycle', 10, 1, 1000, inert),
  int('max-new-tls-connections-per-cycle', 1, 1, 1000, inert),
  int('tls-session-cache-size', 20 * 1024, 0, intMax, inert),
  bool('hide-user-data-from-log', false, inert),

  // Memory and tables.
  bool('activerehashing', true, inert),
  int('active-expire-effort', 1, 1, 10, inert),
  bool('activedefrag', false, { inert: true }),
  memory('active-defrag-ignore-bytes', 100 << 20, 1, longMax, inert),
  int('active-defrag-threshold-lower', 10, 0, 1000, inert),
  int('active-defrag-threshold-upper', 100, 0, 1000, inert),
  int('active-defrag-cycle-min', 1, 1, 99, inert),
  int('active-defrag-cycle-max', 25, 1, 99, inert),
  int('active-defrag-max-scan-fields', 1000, 1, longMax, inert),
  bool('jemalloc-bg-thread', true, inert),
  bool('lazyfree-lazy-expire', false, inert),
  bool('lazyfree-lazy-server-del', false, inert),
  oneOf('sanitize-dump-payload', 'no', ['no', 'yes', 'clients'], inert),

  // Files: a checkpoint is written without fork, and the log keeps its own order of syncs.
  bool('no-appendfsync-on-rewrite', false, inert),
  bool('aof-rewrite-incremental-fsync', true, inert),
  bool('rdb-save-incremental-fsync', true, inert),
  bool('rdb-del-sync-files', false, inert),
  int('loading-process-events-interval-bytes', 2 << 20, 1024, longMax, { inert: true, hidden: true }),
  bool('aof-disable-auto-gc', false, inert),

  // Access control beyond the default user, scripts, modules.
  oneOf('enable-module-command', 'no', ['no', 'yes', 'local'], fixed),
  bool('lua-enable-deprecated-api', false, fixed),

  // Replication.
  bool('replica-lazy-flush', false, { inert: true, alias: 'slave-lazy-flush' }),
  bool('replica-ignore-disk-write-errors', false, inert),
  oneOf('propagation-error-behavior', 'ignore', ['ignore', 'panic', 'panic-on-replicas'], inert),

  // Cluster.
  text('cluster-enabled', 'no', { inert: true, immutable: true, accept: noCluster }),
  text('cluster-config-file', 'nodes.conf', fixed),
  int('cluster-node-timeout', 15_000, 0, longMax, inert),
  int('cluster-port', 0, 0, 65535, fixed),
  int('cluster-migration-barrier', 1, 0, intMax, inert),
  int('cluster-replica-validity-factor', 10, 0, intMax, { inert: true, alias: 'cluster-slave-validity-factor' }),
  bool('cluster-replica-no-failover', false, { inert: true, alias: 'cluster-slave-no-failover' }),
  bool('cluster-require-full-coverage', true, inert),
  bool('cluster-allow-reads-when-down', false, inert),
  bool('cluster-allow-pubsubshard-when-down', true, inert),
  bool('cluster-allow-replica-migration', true, inert),
  memory('cluster-link-sendbuf-limit', 0, 0, longMax, inert),
  text('cluster-announce-ip', '', inert),
  text('cluster-announce-hostname', '', inert),
  text('cluster-announce-human-nodename', '', inert),
  int('cluster-announce-port', 0, 0, 65535, inert),
  int('cluster-announce-tls-port', 0, 0, 65535, inert),
  int('cluster-announce-bus-port', 0, 0, 65535, inert),
  oneOf('cluster-preferred-endpoint-type', 'ip', ['ip', 'hostname', 'unknown-endpoint'], inert),
]

function noCluster(value: string): string {
  const lower = value.toLowerCase()
  if (lower !== 'yes' && lower !== 'no') throw new Refused(`argument must be 'yes' or 'no'`)
  if (lower === 'yes') throw new Refused('Millrace has no cluster mode')
  return lower
}

const titleWords = new Set(['title', 'listen-addr', 'server-mode', 'port', 'tls-port', 'unixsocket', 'config-file'])

function titleTemplate(template: string): string {
  for (const [, word] of template.matchAll(/\{([^}]*)(?:\}|$)/g)) {
    if (!titleWords.has(word!)) throw new Refused('template format is invalid or contains unknown variables')
  }
  return template
}
