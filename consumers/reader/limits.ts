// Bounds of readers and projections, the unit last in the name.

/** Entries that are read together by default. */
export const batchDefault = 500
/** How long a read waits for new entries before it is sent again. */
export const blockMs = 2000
/** A projection's blocking read; a rebuild that others began is seen after it. */
export const watchBlockMs = 500
/** A position in front of entries that changed nothing is saved after so many of them. */
export const unsavedEntriesMax = 1000
/** After a lost connection or a refusal the same is tried again that much later. */
export const refusedMs = 100
/** Keys that one step of a scan for a projection's keys looks at. */
export const scanKeys = 1000
