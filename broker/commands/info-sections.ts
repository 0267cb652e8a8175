// The sections of INFO about the server itself.

import os from 'node:os'
import { deadlineOf } from '../../core/keyspace/entry.ts'
import type { Keyspace } from '../../core/keyspace/keyspace.ts'
import { commandsProcessed } from '../command.ts'
import type { Values } from '../config/table.ts'
import type { Connection } from '../connection.ts'
import { millraceVersion, redisVersion } from '../product.ts'
import { human } from './human.ts'
import { memoryFigures, ratio } from './memory-figures.ts'

const ttlSamples = 32

export type Lines = (readonly [string, string | number])[]

function share(part: number, whole: number): string {
  return `${(whole <= 0 ? 0 : (part / whole) * 100).toFixed(2)}%`
}

export function serverSection(c: Connection): Lines {
  const { broker } = c
  const { values, file } = broker.config
  const up = Math.floor((broker.engine.clock.nowMs() - broker.startedMs) / 1000)
  return [
    ['redis_version', redisVersion], ['redis_git_sha1', '00000000'], ['redis_git_dirty', 0],
    ['redis_build_id', millraceVersion], ['millrace_version', millraceVersion], ['redis_mode', 'standalone'],
    ['os', `${os.type()} ${os.release()} ${os.machine()}`], ['arch_bits', 64],
    ['node_version', process.versions.node], ['monotonic_clock', 'POSIX clock_gettime'], ['multiplexing_api', 'libuv'],
    ['process_id', process.pid], ['process_supervised', 'no'], ['run_id', broker.runId], ['tcp_port', values.port],
    ['server_time_usec', broker.engine.clock.nowUs()], ['uptime_in_seconds', up],
    ['uptime_in_days', Math.floor(up / 86400)], ['hz', 10], ['configured_hz', 10],
    ['lru_clock', broker.engine.accessSeconds], ['executable', process.execPath], ['config_file', file ?? ''],
    ['io_threads_active', 0], ...listenerLines(values),
  ]
}

/** Each kind of door that is open, under a number of its own. */
function listenerLines({ bind, port, tlsPort, unixsocket }: Values): Lines {
  const binds = bind.map((address) => `,bind=${address}`).join('')
  return [
    ...(port > 0 ? [['listener0', `name=tcp${binds},port=${port}`] as const] : []),
    ...(unixsocket === '' ? [] : [['listener1', `name=unix,bind=${unixsocket}`] as const]),
    ...(tlsPort > 0 ? [['listener2', `name=tls${binds},port=${tlsPort}`] as const] : []),
  ]
}

export function clientsSection(c: Connection): Lines {
  const { broker } = c
  const all = [...broker.clients.values()]
  const most = (of: (other: Connection) => number): number => all.reduce((max, other) => Math.max(max, of(other)), 0)
  return [
    ['connected_clients', all.length - broker.replicas.all.size], ['cluster_connections', 0],
    ['maxclients', broker.config.values.maxclients],
    ['client_recent_max_input_buffer', most((other) => other.parser.bufferedBytes)],
    ['client_recent_max_output_buffer', most((other) => other.outputBytes)],
    ['blocked_clients', broker.blocking.count], ['tracking_clients', broker.tracking.clients],
    ['pubsub_clients', broker.pubsub.clients],
    ['watching_clients', all.filter((other) => other.watched.length > 0).length],
    ['clients_in_timeout_table', all.filter((other) => (other.parked?.untilMs ?? 0) > 0).length],
    ['total_watched_keys', broker.watches.keys], ['total_blocking_keys', broker.blocking.keys],
    ['total_blocking_keys_on_nokey', broker.blocking.keysOfWakers],
  ]
}

export function memorySection(c: Connection): Lines {
  const m = memoryFigures(c.broker)
  const { values } = c.broker.config
  const { heapUsed, heapTotal } = process.memoryUsage()
  const { cache, functions } = c.broker.scripts
  const { libraries } = c.broker.engine
  const scriptBytes = cache.bytes + libraries.bytes
  return [
    ['used_memory', m.used], ['used_memory_human', human(m.used)], ['used_memory_rss', m.resident],
    ['used_memory_rss_human', human(m.resident)], ['used_memory_peak', m.peak],
    ['used_memory_peak_human', human(m.peak)], ['used_memory_peak_perc', share(m.used, m.peak)],
    ['used_memory_overhead', m.overhead], ['used_memory_startup', m.startup], ['used_memory_dataset', m.dataset],
    ['used_memory_dataset_perc', share(m.dataset, m.used - m.startup)], ['allocator_allocated', m.allocated],
    ['allocator_active', m.active], ['allocator_resident', m.reserved], ['total_system_memory', os.totalmem()],
    ['total_system_memory_human', human(os.totalmem())], ['used_memory_lua', cache.bytes],
    ['used_memory_lua_human', human(cache.bytes)], ['used_memory_vm_eval', cache.bytes],
    ['used_memory_scripts_eval', cache.bytes], ['number_of_cached_scripts', cache.count],
    ['number_of_functions', functions.count], ['number_of_libraries', libraries.byName.size],
    ['used_memory_vm_functions', libraries.bytes], ['used_memory_vm_total', scriptBytes],
    ['used_memory_vm_total_human', human(scriptBytes)], ['used_memory_functions', libraries.bytes],
    ['used_memory_scripts', scriptBytes], ['used_memory_scripts_human', human(scriptBytes)],
    ['maxmemory', values.maxmemory], ['maxmemory_human', human(values.maxmemory)],
    ['maxmemory_policy', values.maxmemoryPolicy],
    ['allocator_frag_ratio', ratio(m.active, m.allocated).toFixed(2)], ['allocator_frag_bytes', m.active - m.allocated],
    ['allocator_rss_ratio', ratio(m.reserved, m.active).toFixed(2)], ['allocator_rss_bytes', m.reserved - m.active],
    ['rss_overhead_ratio', ratio(m.resident, m.reserved).toFixed(2)], ['rss_overhead_bytes', m.resident - m.reserved],
    ['mem_fragmentation_ratio', ratio(m.resident, m.expected).toFixed(2)],
    ['mem_fragmentation_bytes', m.resident - m.expected],
    ['mem_not_counted_for_evict', m.log], ['mem_replication_backlog', m.backlog],
    ['mem_total_replication_buffers', m.backlog],
    ['mem_clients_slaves', m.replicas], ['mem_clients_normal', m.clients], ['mem_cluster_links', 0],
    ['mem_aof_buffer', m.log], ['mem_overhead_db_hashtable_rehashing', 0],
    ['mem_allocator', 'millrace-arena'], ['arena_blocks', c.broker.engine.arena.blocks], ['node_heap_used', heapUsed],
    ['node_heap_total', heapTotal], ['active_defrag_running', 0],
    ['lazyfree_pending_objects', c.broker.engine.lazy.pending], ['lazyfreed_objects', c.broker.engine.lazy.freed],
  ]
}

function kilobytes(rate: number): string {
  return (rate / 1024).toFixed(2)
}

export function statsSection(c: Connection): Lines {
  const { stats, engine, rates, memory, tracking, replicas } = c.broker
  return [
    ['total_connections_received', stats.connections],
    ['total_commands_processed', commandsProcessed(c.broker.commands)],
    ['instantaneous_ops_per_sec', Math.round(rates.commands.value)],
    ['total_net_input_bytes', stats.netIn + stats.replicationIn], ['total_net_output_bytes', stats.netOut],
    ['total_net_repl_input_bytes', stats.replicationIn], ['total_net_repl_output_bytes', stats.replicationOut],
    ['instantaneous_input_kbps', kilobytes(rates.netIn.value)],
    ['instantaneous_output_kbps', kilobytes(rates.netOut.value)],
    ['instantaneous_input_repl_kbps', kilobytes(rates.replicationIn.value)],
    ['instantaneous_output_repl_kbps', kilobytes(rates.replicationOut.value)],
    ['rejected_connections', stats.rejectedConnections],
    ['sync_full', replicas.fullSyncs],
    ['sync_partial_ok', replicas.partialSyncs], ['sync_partial_err', replicas.refusedPartialSyncs],
    ['expired_subkeys', engine.stats.expiredSubkeys],
    ['expired_keys', engine.stats.expiredKeys], ['expired_stale_perc', '0.00'], ['expired_time_cap_reached_count', 0],
    ['expire_cycle_cpu_milliseconds', 0], ['evicted_keys', engine.stats.evictedKeys],
    ['evicted_clients', stats.evictedClients],
    ['evicted_scripts', c.broker.scripts.cache.evicted],
    ['total_eviction_exceeded_time', Math.floor(memory.overTotalMs)],
    ['current_eviction_exceeded_time', Math.floor(memory.overNowMs)],
    ['keyspace_hits', engine.stats.keyspaceHits], ['keyspace_misses', engine.stats.keyspaceMisses],
    ['pubsub_channels', c.broker.pubsub.count('channel')], ['pubsub_patterns', c.broker.pubsub.count('pattern')],
    ['pubsubshard_channels', c.broker.pubsub.count('shard')], ['latest_fork_usec', 0],
    ['total_forks', 0], ['migrate_cached_sockets', c.broker.targets.idleCount],
    ['slave_expires_tracked_keys', 0], ['active_defrag_hits', 0],
    ['active_defrag_misses', 0], ['active_defrag_key_hits', 0], ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0], ['current_active_defrag_time', 0],
    ['tracking_total_keys', tracking.keys], ['tracking_total_items', tracking.items],
    ['tracking_total_prefixes', tracking.prefixCount],
    ['unexpected_error_replies', 0], ['total_error_replies', stats.errorReplies], ['dump_payload_sanitizations', 0],
    ['total_reads_processed', stats.reads], ['total_writes_processed', stats.writes],
    ['io_threaded_reads_processed', 0], ['io_threaded_writes_processed', 0],
    ['client_query_buffer_limit_disconnections', stats.queryBufferDisconnections],
    ['client_output_buffer_limit_disconnections', stats.outputBufferDisconnections],
    ['reply_buffer_shrinks', 0], ['reply_buffer_expands', 0], ['eventloop_cycles', c.broker.outbox.turn],
    ['acl_access_denied_auth', stats.deniedLogins], ['acl_access_denied_cmd', stats.deniedCommands],
    ['acl_access_denied_key', stats.deniedKeys], ['acl_access_denied_channel', stats.deniedChannels],
  ]
}

function seconds(micros: number): string {
  return (micros / 1e6).toFixed(6)
}

export function cpuSection(): Lines {
  const all = process.cpuUsage()
  const main = process.threadCpuUsage()
  return [
    ['used_cpu_sys', seconds(all.system)], ['used_cpu_user', seconds(all.user)],
    ['used_cpu_sys_children', '0.000000'], ['used_cpu_user_children', '0.000000'],
    ['used_cpu_sys_main_thread', seconds(main.system)], ['used_cpu_user_main_thread', seconds(main.user)],
  ]
}

export function keyspaceSection(c: Connection): Lines {
  const { engine } = c.broker
  return engine.dbs.filter((db) => db.count > 0).map((db) => {
    const dated = `expires=${db.deadlines.count},avg_ttl=${meanTtl(db)},subexpiry=${db.fieldDeadlines.count}`
    return [`db${db.index}`, `keys=${db.count},${dated}`]
  })
}

/** Mean of the milliseconds that keys have left, from keys spread evenly over the order of their deadlines. */
function meanTtl(db: Keyspace): number {
  const { count } = db.deadlines
  if (count === 0) return 0
  const samples = Math.min(count, ttlSamples)
  let sum = 0
  for (let i = 0; i < samples; i++) {
    const entry = db.deadlines.at(Math.floor(((i + 0.5) * count) / samples))
    sum += deadlineOf(db.arena, entry) - db.engine.now
  }
  return Math.max(0, Math.round(sum / samples))
}
