// INFO replication and ROLE: where this broker and its replicas stand.

import type { Reply } from '../../core/reply.ts'
import type { Connection } from '../connection.ts'
import type { Replica, ReplicaStage } from '../replication/replica.ts'
import type { Lines } from './info-sections.ts'

const states: Readonly<Record<ReplicaStage, string>> = {
  greets: 'handshake', waits: 'wait_bgsave', loads: 'send_bulk', silent: 'online', online: 'online',
}

export function replicationSection(c: Connection): Lines {
  const { replication, replicas, config } = c.broker
  const { backlog } = replication
  const lines: Lines = [['role', replication.role], ['connected_slaves', replicas.all.size]]
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
    ['master_failover_state', 'no-failover'],
    ['master_replid', replication.replid], ['master_replid2', replication.replid2],
    ['master_repl_offset', replication.masterReplOffset], ['second_repl_offset', replication.secondReplOffset],
    ['repl_backlog_active', backlog === undefined ? 0 : 1],
    ['repl_backlog_size', config.values.replBacklogSize],
    ['repl_backlog_first_byte_offset', backlog === undefined ? 0 : backlog.last + 1 - backlog.length],
    ['repl_backlog_histlen', backlog?.length ?? 0],
  )
  return lines
}

/** ROLE of a master: its offset, and address and offset of each replica that is online. */
export function writeRole(c: Connection, r: Reply): void {
  const { replication, replicas } = c.broker
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
