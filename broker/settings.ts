// The configuration's values where the engine reads them: its settings, its policy, the broker's bound of memory.

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
