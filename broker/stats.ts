// What INFO counts of the broker; CONFIG RESETSTAT begins it anew.

import { errorCodeCharsMax, errorCodesMax } from './limits.ts'

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
  /** Bytes from and to clients, replicas among them. */
  netIn: number
  netOut: number
  /** Bytes from our master, and those to replicas. */
  replicationIn: number
  replicationOut: number
  errorReplies: number
  /** Error replies by their code; none are counted any more once there were too many codes. */
  errors: Map<string, number>
  errorsDisabled: boolean
  queryBufferDisconnections: number
  outputBufferDisconnections: number
  /** Clients that were closed for `maxmemory-clients`. */
  evictedClients: number
}

export function freshStats(): BrokerStats {
  return {
    connections: 0, reads: 0, writes: 0, deniedLogins: 0, deniedCommands: 0, deniedKeys: 0, deniedChannels: 0,
    rejectedConnections: 0, netIn: 0, netOut: 0, replicationIn: 0, replicationOut: 0, errorReplies: 0,
    errors: new Map(), errorsDisabled: false,
    queryBufferDisconnections: 0, outputBufferDisconnections: 0, evictedClients: 0,
  }
}

/** What stands in place of the codes when there were too many, as in Redis 7.4. */
const disabledCode = 'ERRORSTATS_DISABLED'

/**
 * Counts an error by its code: its first word. Scripts can make up codes without end: with one too many, counting by
 * code ends until CONFIG RESETSTAT, and those that there were are returned.
 */
export function countCode(stats: BrokerStats, text: string): string[] | undefined {
  if (stats.errorsDisabled) return undefined
  const { errors } = stats
  const blank = text.indexOf(' ')
  const code = blank === -1 || blank > errorCodeCharsMax ? 'ERR' : text.slice(0, blank)
  const count = errors.get(code)
  if (count !== undefined || errors.size < errorCodesMax) {
    errors.set(code, (count ?? 0) + 1)
    return undefined
  }
  stats.errorsDisabled = true
  stats.errors = new Map([[disabledCode, 1]])
  return [...errors.keys()]
}
