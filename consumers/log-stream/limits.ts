// Every bound of the log's streams, its unit last in the name.

/** One batch of the in-process iterator ends at so many entries, or bytes of commands. */
export const batchEntriesMax = 512
export const batchBytesMax = 1024 * 1024
