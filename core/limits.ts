// Every bound of the engine in one place, its unit last in the name.

/** Longest bulk argument that a client may send unless `proto-max-bulk-len` says otherwise; also the longest string. */
export const stringBytesMax = 512 * 1024 * 1024
/** Longest inline command and longest unfinished header line of a command. */
export const inlineBytesMax = 64 * 1024
/** Databases unless `databases` says otherwise. */
export const databasesDefault = 16
/** How long the expiry of due keys may hold one turn of the event loop. */
export const expireSliceMsMax = 2
/** Longest reply of a command that repeats what it draws at random (HRANDFIELD with a negative count). */
export const replyBytesMax = 1024 * 1024 * 1024
/** Due fields of one hash that are removed between two looks at the clock, and logged as one HDEL. */
export const fieldsPerSlice = 64
/** The open frame's buffer at first, and the size beyond which it isn't kept for the next frame. */
export const frameBufferBytes = 1024 * 1024
export const frameBufferKeptBytesMax = 16 * 1024 * 1024
/**
 * How long evictions may hold one turn of the event loop, in ms: 5 at `maxmemory-eviction-tenacity` 10, the default;
 * from there it grows by 15 % a step, up to no bound at 100.
 */
export function evictSliceMs(tenacity: number): number {
  if (tenacity <= 10) return tenacity / 2
  return tenacity < 100 ? 5 * 1.15 ** (tenacity - 10) : Infinity
}
/** With no more keys left than that a snapshot is finished, not given up, when all is about to change. */
export const finishedKeysMax = 4096
/** `appendfsync everysec`. */
export const syncIntervalMs = 1000
/** How much of a log file is read at once. */
export const logReadBytes = 4 * 1024 * 1024
/** Entries that are freed between two looks at the clock. */
export const lazyFreeEntriesMax = 256
/** Entries of a value that DEL, expiry or an overwrite frees at once; the rest follows in later turns. */
export const freeAtOnceEntriesMax = 1024
/** How long the freeing of unlinked values may hold one turn of the event loop. */
export const lazyFreeSliceMsMax = 1
/** A frame that waits for a running sync is sealed at this size all the same. */
export const heldFrameBytesMax = 4 * 1024 * 1024
/** Under `always`, syncs that usually take less run on the thread. */
export const quickSyncMsMax = 1
/** How long a stream remembers what producers added under their own ids, and how many for each; the bounds of both. */
export const idempotenceSecondsDefault = 100
export const idempotenceSecondsMax = 86_400
export const idempotenceIdsDefault = 100
export const idempotenceIdsMax = 10_000
/** A blocked XREADGROUP CLAIM that waits for no entry in particular looks no more often than that. */
export const claimAgainMsMin = 100
/** Longest lease, backoff and time until a consumer is dead that a group's policy takes: ten years. */
export const policyMsMax = 315_360_000_000
/** Most deliveries that it takes, and the largest factor of a backoff. */
export const policyDeliveriesMax = 2 ** 31 - 1
export const backoffFactorMax = 1000
/** Longest backoff where the policy says none: an hour. */
export const backoffMsDefault = 3_600_000
/** Entries that an ordered group holds back at a time, behind others of their keys; then it reads no further. */
export const heldEntriesMax = 4096
/** SRANDMEMBER with a negative count answers with no more than so many members. */
export const randomRepeatsMax = 2 ** 26
/** Due keys that RANDOMKEY meets before it asks whether there is any other. */
export const randomTriesMax = 100
/** A checkpoint that is being written is synced each time it has grown by this much. */
export const checkpointSyncBytes = 16 * 1024 * 1024
/** Items of a list, set, sorted set or hash in one command of a checkpoint, and bytes behind which none is added. */
export const commandItemsMax = 64
export const commandItemBytesMax = 64 * 1024
/** Frames that a compaction replays between two reports of how far it is; and bytes that it copies at once. */
export const compactionFramesMax = 256
export const compactionCopyBytes = 4 * 1024 * 1024
/** How far apart (bytes) the places in a segment are from which entries can be read without what is before them. */
export const logMarkBytes = 64 * 1024
/** Such places of the segment that grows that are kept in memory. */
export const logMarksMax = 8192
/** What a reader of the log's history reads at once, and how long it may hold one turn of the event loop. */
export const historyReadBytes = 256 * 1024
export const historySliceMsMax = 2
/** How often who reads a log's files begins anew because a broker moves them to the archive meanwhile. */
export const historyRestartsMax = 5
/** What one part of a segment's index covers, and how many segments' indexes are known at a time. */
export const logIndexPartBytes = 16 * 1024 * 1024
export const logIndexesMax = 64
/** Keys that commands linked in a stretch of the log, and of which it is followed what depends on what; beyond, all. */
export const linkedKeysMax = 2 ** 21
