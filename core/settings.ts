// The engine's own tunables: those names of redis.conf that handlers read. The broker's CONFIG writes them.

import type { MemoryPolicy } from './keyspace/evict.ts'

export type Settings = {
  /** `proto-max-bulk-len`: longest string in bytes. */
  stringBytesMax: number
  /** `stream-node-max-bytes` and `stream-node-max-entries`: 0 means no bound. */
  streamNodeBytesMax: number
  streamNodeEntriesMax: number
  /** `…-max-listpack-entries` and `-value` (bytes), `set-max-intset-entries`: beyond them the encoding changes. */
  hashPackEntriesMax: number
  hashPackValueBytesMax: number
  setIntsetEntriesMax: number
  setPackEntriesMax: number
  setPackValueBytesMax: number
  zsetPackEntriesMax: number
  zsetPackValueBytesMax: number
  /** `list-max-listpack-size`: elements of a node when positive, -1 … -5 for 4 … 64 KiB; `list-compress-depth`. */
  listPackSize: number
  listCompressDepth: number
  /** `hll-sparse-max-bytes` */
  hllSparseBytesMax: number
  /** `rdbcompression`, of DUMP too. */
  compressesRdb: boolean
  /** `DEBUG SET-ACTIVE-EXPIRE`. */
  activeExpire: boolean
  /** `lazyfree-lazy-user-flush` */
  lazyUserFlush: boolean
  /** `lazyfree-lazy-user-del`: DEL frees as UNLINK does. */
  lazyUserDelete: boolean
  /** `maxmemory` in bytes, 0 for no bound. */
  memoryBytesMax: number
  /** `maxmemory-policy`: change it by `Engine.setMemoryPolicy`. */
  memoryPolicy: MemoryPolicy
  /** `maxmemory-samples`, `maxmemory-eviction-tenacity` (0 … 100), `lazyfree-lazy-eviction` */
  memorySamples: number
  evictionTenacity: number
  lazyEviction: boolean
  /** `lfu-log-factor`, `lfu-decay-time` (0: never) */
  lfuLogFactor: number
  lfuDecayMinutes: number
}

export function defaultSettings(): Settings {
  return {
    stringBytesMax: 512 * 1024 * 1024,
    streamNodeBytesMax: 4096,
    streamNodeEntriesMax: 100,
    hashPackEntriesMax: 512,
    hashPackValueBytesMax: 64,
    setIntsetEntriesMax: 512,
    setPackEntriesMax: 128,
    setPackValueBytesMax: 64,
    zsetPackEntriesMax: 128,
    zsetPackValueBytesMax: 64,
    listPackSize: -2,
    listCompressDepth: 0,
    hllSparseBytesMax: 3000,
    compressesRdb: true,
    activeExpire: true,
    lazyUserFlush: false,
    lazyUserDelete: false,
    memoryBytesMax: 0,
    memoryPolicy: 'noeviction',
    memorySamples: 5,
    evictionTenacity: 10,
    lazyEviction: false,
    lfuLogFactor: 10,
    lfuDecayMinutes: 1,
  }
}
