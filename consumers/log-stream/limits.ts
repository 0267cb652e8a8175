// Every bound of the log's streams, its unit last in the name.

/** One batch of the in-process iterator ends at so many entries, or bytes of commands. */
export const batchEntriesMax = 512
export const batchBytesMax = 1024 * 1024
/** Who wants one key's history and is further behind than this asks the segments' indexes. */
export const indexedEntriesMin = 2000
