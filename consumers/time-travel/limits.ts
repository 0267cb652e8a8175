// Every bound of time travel that no name of redis.conf governs, its unit last in the name.

/** Processes that read the past at once, and how long one that has nothing to do stays for the next question. */
export const readersMax = 2
export const readerIdleMs = 10_000
/** Questions that wait for one of them. */
export const questionsMax = 64
/** How long one works before it looks whether its broker is still there. */
export const readerSliceMs = 50
/** What its JavaScript heap may grow to (MiB), beside the data. */
export const readerHeapMib = 512
/** Entries that LOG HISTORY answers with, unless COUNT says otherwise. */
export const historyCountDefault = 100
/** Findings that LOG VERIFY tells one by one. */
export const findingsMax = 100
/** How long a question waits between two looks whether the frame of its turn was written. */
export const frameWaitMs = 1
