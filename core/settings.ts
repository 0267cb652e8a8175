// The engine's own tunables: those names of redis.conf that handlers read. The broker's CONFIG writes them.

export type Settings = {
  /** `proto-max-bulk-len`: longest string in bytes. */
  stringBytesMax: number
  /** `stream-node-max-bytes` and `stream-node-max-entries`: 0 means no bound. */
  streamNodeBytesMax: number
  streamNodeEntriesMax: number
  /** `DEBUG SET-ACTIVE-EXPIRE`. */
  activeExpire: boolean
  /** `lazyfree-lazy-user-flush` */
  lazyUserFlush: boolean
  /** `lazyfree-lazy-user-del`: DEL frees as UNLINK does. */
  lazyUserDelete: boolean
  /** `maxmemory` in bytes, 0 for no bound. */
  memoryBytesMax: number
  /** `maxmemory-policy` (the eviction itself comes with the memory policies). */
  memoryPolicy: string
}

export function defaultSettings(): Settings {
  return {
    stringBytesMax: 512 * 1024 * 1024,
    streamNodeBytesMax: 4096,
    streamNodeEntriesMax: 100,
    activeExpire: true,
    lazyUserFlush: false,
    lazyUserDelete: false,
    memoryBytesMax: 0,
    memoryPolicy: 'noeviction',
  }
}
