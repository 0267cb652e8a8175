// INFO replication and ROLE: where this broker and its replicas stand.

import type { Reply } from '../../core/reply.ts'
import type { Connection } from '../connection.ts'
import type { Replica, ReplicaStage } from '../replication/replica.ts'
import type { Lines } from './info-sections.ts'

const states: Readonly<Record<ReplicaStage, string>> = {
  greets: 'handshake', waits: 'wait_bgsave', cut: 'wait_bgsave', loads: 'send_bulk', silent: 'online', online: 'online',
}

export function replicationSection(c: Connection): Lines {
  const { replication, replicas, failover, config } = c.broker
  const { backlog } = replication
  const lines: Lines = [['role', replication.role], ...masterLines(c), ['connected_slaves', replicas.all.size]]
  if (config.values.minReplicasToWrite > 0 && config.values.minReplicasMaxLag > 0) {
    lines.push(['min_slaves_good_slaves', replicas.good])
  }
  const each = [...replicas.all]
  for (const [i, replica] of each.entries()) {
    const lag = replica.stage === 'online' ? replicas.lagSeconds(replica) : 0
    lines.push([`slave${i}`, `ip=${replica.ip},port=${replica.listeningPort},state=${states[replica.stage]},`
      + `offset=${replica.acked},lag=${lag}`])
  }
  lines.push(
    ['master_failover_state', failover.state],
    ['master_replid', replication.replid], ['master_replid2', replication.replid2],
    ['master_repl_offset', replication.masterReplOffset], ['second_repl_offset', replication.secondReplOffset],
    ['repl_backlog_active', backlog === undefined ? 0 : 1],
    ['repl_backlog_size', config.values.replBacklogSize],
    ['repl_backlog_first_byte_offset', backlog === undefined ? 0 : backlog.last + 1 - backlog.length],
    ['repl_backlog_histlen', backlog?.length ?? 0],
  )
  return lines
}

/** What a replica tells of its master. */
function masterLines(c: Connection): Lines {
  const { following, replication, config } = c.broker
  const { link } = following
  if (!following.isReplica) return []
  const { masterReplOffset } = replication
  const receiver = link?.receiver
  const lines: Lines = [
    ['master_host', following.host], ['master_port', following.port],
    ['master_link_status', following.isUp ? 'up' : 'down'], ['master_last_io_seconds_ago', following.lastSeconds],
    ['master_sync_in_progress', link?.stage === 'sync' ? 1 : 0],
    ['slave_read_repl_offset', masterReplOffset + (link?.stream?.bufferedBytes ?? 0)],
    ['slave_repl_offset', masterReplOffset],
  ]
  if (receiver !== undefined) {
    const total = receiver.bytesTotal
    lines.push(['master_sync_total_bytes', total], ['master_sync_read_bytes', receiver.bytes],
      ['master_sync_left_bytes', total < 0 ? -1 : total - receiver.bytes],
      ['master_sync_perc', (total <= 0 ? 0 : (receiver.bytes / total) * 100).toFixed(2)],
      ['master_sync_last_io_seconds_ago', Math.max(0, following.lastSeconds)])
  }
  if (!following.isUp) lines.push(['master_link_down_since_seconds', following.downSeconds])
  lines.push(['slave_priority', config.values.replicaPriority],
    ['slave_read_only', config.values.replicaReadOnly ? 1 : 0],
    ['replica_announced', config.values.replicaAnnounced ? 1 : 0])
  return lines
}

/** ROLE of a master: its offset, and address and offset of each replica that is online. */
export function writeRole(c: Connection, r: Reply): void {
  const { replication, replicas, following } = c.broker
  if (following.isReplica) {
    r.array(5)
    r.text('slave')
    r.text(following.host)
    r.int(following.port)
    r.text(following.stage)
    r.int(following.isUp ? replication.masterReplOffset : -1)
    return
  }
  r.array(3)
  r.text('master')
  r.int(replication.masterReplOffset)
  const online: Replica[] = replicas.online
  r.array(online.length)
  for (const replica of online) {
    r.array(3)
    r.text(replica.ip)
    r.text(String(replica.listeningPort))
    r.text(String(replica.acked))
  }
}
