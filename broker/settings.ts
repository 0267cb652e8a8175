// What follows from changes of the configuration: the engine's settings and policy, the bound of memory, the doors.

import type { Broker } from './broker.ts'

/** Writes the configuration's values where the engine reads them, now and at each CONFIG SET. */
export function linkSettings(b: Broker): void {
  const { values } = b.config
  const { settings } = b.engine
  const apply = (): void => {
    settings.stringBytesMax = values.protoMaxBulkLen
    settings.streamNodeBytesMax = values.streamNodeMaxBytes
    settings.streamNodeEntriesMax = values.streamNodeMaxEntries
    settings.hashPackEntriesMax = values.hashMaxListpackEntries
    settings.hashPackValueBytesMax = values.hashMaxListpackValue
    settings.setIntsetEntriesMax = values.setMaxIntsetEntries
    settings.setPackEntriesMax = values.setMaxListpackEntries
    settings.setPackValueBytesMax = values.setMaxListpackValue
    settings.zsetPackEntriesMax = values.zsetMaxListpackEntries
    settings.zsetPackValueBytesMax = values.zsetMaxListpackValue
    settings.listPackSize = values.listMaxListpackSize
    settings.listCompressDepth = values.listCompressDepth
    settings.hllSparseBytesMax = values.hllSparseMaxBytes
    settings.compressesRdb = values.rdbcompression
    settings.lazyUserFlush = values.lazyfreeLazyUserFlush
    settings.lazyUserDelete = values.lazyfreeLazyUserDel
    settings.memoryBytesMax = values.maxmemory
    settings.memorySamples = values.maxmemorySamples
    settings.evictionTenacity = values.maxmemoryEvictionTenacity
    settings.lazyEviction = values.lazyfreeLazyEviction
    settings.lfuLogFactor = values.lfuLogFactor
    settings.lfuDecayMinutes = values.lfuDecayTime
    b.engine.setMemoryPolicy(values.maxmemoryPolicy)
    b.setMemoryGate(values.maxmemory > 0)
  }
  apply()
  b.config.onChange([
    'proto-max-bulk-len', 'stream-node-max-bytes', 'stream-node-max-entries', 'lazyfree-lazy-user-flush',
    'lazyfree-lazy-user-del', 'maxmemory', 'maxmemory-policy', 'hash-max-listpack-entries', 'hash-max-listpack-value',
    'set-max-intset-entries', 'set-max-listpack-entries', 'set-max-listpack-value', 'zset-max-listpack-entries',
    'zset-max-listpack-value', 'list-max-listpack-size', 'list-compress-depth', 'hll-sparse-max-bytes',
    'rdbcompression',
    'maxmemory-samples', 'maxmemory-eviction-tenacity', 'lazyfree-lazy-eviction', 'lfu-log-factor', 'lfu-decay-time',
  ], apply)
  b.config.onChange(['maxmemory', 'maxmemory-policy'], () => {
    b.memory.changed()
    b.openTurn()
  })
}

const tlsNames = [
  'tls-port', 'tls-cert-file', 'tls-key-file', 'tls-key-file-pass', 'tls-ca-cert-file', 'tls-ca-cert-dir',
  'tls-auth-clients', 'tls-protocols', 'tls-ciphers', 'tls-ciphersuites', 'tls-prefer-server-ciphers',
  'tls-dh-params-file', 'tls-session-caching', 'tls-session-cache-timeout',
]

/** Opens doors anew when their parameters change; certificates that can't serve are refused. */
export function linkDoors(b: Broker): void {
  b.config.onChange(['port', 'bind'], () => b.listeners.reopen('plain'))
  b.config.onChange(tlsNames, () => {
    try {
      b.listeners.checkTls()
    } catch (error) {
      b.report('warning', `TLS can't be set so: ${(error as Error).message}`)
      return 'Unable to update TLS configuration. Check server logs.'
    }
    b.listeners.reopen('secure')
    return undefined
  })
}
