// INFO persistence: what is written, what is being written, and how the last writing went. Nothing is forked, so what
// Redis tells of copied pages is zero.

import type { Connection } from '../connection.ts'
import { percentOf } from '../persistence/persistence.ts'
import type { Lines } from './info-sections.ts'

function bit(set: boolean): number {
  return set ? 1 : 0
}

export function persistenceSection(c: Connection): Lines {
  const { broker } = c
  const { persistence, loading, appender, config } = broker
  const { log } = broker.engine
  const on = config.values.appendonly
  const { progress } = persistence
  const snapshot = progress?.phase === 'snapshot' ? progress : undefined
  const lines: Lines = [
    ['loading', bit(loading.active)], ['async_loading', bit(loading.isBeside)],
    ['current_cow_peak', 0], ['current_cow_size', 0],
    ['current_cow_size_age', 0], ['current_fork_perc', (progress === undefined ? 0 : percentOf(progress)).toFixed(2)],
    ['current_save_keys_processed', snapshot?.done ?? 0], ['current_save_keys_total', snapshot?.total ?? 0],
    ['rdb_changes_since_last_save', persistence.changes],
    ['rdb_bgsave_in_progress', bit(persistence.runs('save'))],
    ['rdb_last_save_time', Math.floor(persistence.lastSaveMs / 1000)],
    ['rdb_last_bgsave_status', persistence.lastSave], ['rdb_last_bgsave_time_sec', persistence.lastSaveSeconds],
    ['rdb_current_bgsave_time_sec', persistence.currentSeconds('save')], ['rdb_saves', persistence.saves],
    ['rdb_last_cow_size', 0], ['rdb_last_load_keys_expired', persistence.expiredKeys],
    ['rdb_last_load_keys_loaded', persistence.loadedKeys], ['aof_enabled', bit(on)],
    ['aof_rewrite_in_progress', bit(persistence.runs('rewrite') || (on && appender === undefined && !loading.active))],
    ['aof_rewrite_scheduled', bit(persistence.rewriteScheduled)],
    ['aof_last_rewrite_time_sec', persistence.lastRewriteSeconds],
    ['aof_current_rewrite_time_sec', persistence.currentSeconds('rewrite')],
    ['aof_last_bgrewrite_status', persistence.lastRewrite], ['aof_rewrites', persistence.rewrites],
    ['aof_rewrites_consecutive_failures', persistence.rewriteFailures],
    ['aof_last_write_status', log.state === 'ok' ? 'ok' : 'err'], ['aof_last_cow_size', 0],
    ['module_fork_in_progress', 0], ['module_fork_last_cow_size', 0],
    ['log_state', log.state], ['log_position', log.sealed], ['log_written_position', log.written],
    ['log_durable_position', log.durable],
  ]
  if (progress !== undefined) {
    const { phase, done, total } = progress
    lines.push(['checkpoint_phase', phase], ['checkpoint_phase_done', done], ['checkpoint_phase_total', total])
  }
  if (on && appender !== undefined) {
    lines.push(['aof_current_size', persistence.logBytes], ['aof_base_size', persistence.rewrittenBytes],
      ['aof_pending_rewrite', 0], ['aof_buffer_length', log.pendingBytes],
      ['aof_pending_bio_fsync', bit(log.written > log.durable)], ['aof_delayed_fsync', 0])
  }
  if (loading.active || loading.isBeside) {
    lines.push(['loading_start_time', Math.floor(loading.startedMs / 1000)],
      ['loading_total_bytes', loading.bytesTotal], ['loading_rdb_used_mem', 0],
      ['loading_loaded_bytes', loading.bytesRead], ['loading_loaded_perc', loading.percent.toFixed(2)],
      ['loading_eta_seconds', loading.etaSeconds])
  }
  return lines
}
