// Every bound of the log's streams, its unit last in the name.

/** One batch of the in-process iterator ends at so many entries, or bytes of commands. */
export const batchEntriesMax = 512
export const batchBytesMax = 1024 * 1024
/** Who wants one key's history and is further behind than this asks the segments' indexes. */
export const indexedEntriesMin = 2000
/** What XREAD and XREADGROUP answer without COUNT, and what XRANGE and XREVRANGE do; more must be asked for. */
export const readEntriesMax = 1000
export const rangeEntriesMax = 10_000
/** Bytes of entries in one reply, but for its last one. */
export const replyEntriesBytesMax = 64 * 1024 * 1024
/** What an entry and each of its words count as beside their bytes, so that no reply has more entries than that. */
export const replyEntryBytes = 512
export const replyWordBytes = 64
export const replyEntriesMax = replyEntriesBytesMax / replyEntryBytes
/** Entries that are wanted by their ids are reached by reading on, if they are no further away than this. */
export const nearEntriesMax = 2000
/** After how long a write is tried again while clients are held up. */
export const heldMs = 5
/** Groups of which it is remembered up to where the log was looked through for them. */
export const passedGroupsMax = 1000
/** How often a reader that waits looks whether its client is still there. */
export const goneMs = 1000
/** So many entries that are none of a group's are passed before that is noted in the group. */
export const notedPassedMin = 100_000
