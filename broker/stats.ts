// What INFO counts of the broker; CONFIG RESETSTAT begins it anew.

export type BrokerStats = {
  connections: number
  /** Chunks that came from sockets, and pieces that went to them. */
  reads: number
  writes: number
  /** Logins with a wrong password or name. */
  deniedLogins: number
  /** Commands that access control refused, by what was missing. */
  deniedCommands: number
  deniedKeys: number
  deniedChannels: number
  rejectedConnections: number
  netIn: number
  netOut: number
  errorReplies: number
  /** Error replies by their code. */
  errors: Map<string, number>
  queryBufferDisconnections: number
  outputBufferDisconnections: number
  /** Clients that were closed for `maxmemory-clients`. */
  evictedClients: number
}

export function freshStats(): BrokerStats {
  return {
    connections: 0, reads: 0, writes: 0, deniedLogins: 0, deniedCommands: 0, deniedKeys: 0, deniedChannels: 0,
    rejectedConnections: 0, netIn: 0, netOut: 0, errorReplies: 0,
    errors: new Map(), queryBufferDisconnections: 0, outputBufferDisconnections: 0, evictedClients: 0,
  }
}
