// Bounds of what is done for streams at its time, the unit last in the name.

/** Pending entries that are buried or given back in one turn; the rest follows in the next. */
export const entriesPerTurnMax = 500
/** What failed (the dead letters' key holds no stream, memory is short, the disk is full) is tried again after. */
export const retryMs = 1000
/** What is due and refused for a reason of its own (its key holds no stream) is tried again after. */
export const refusedRetryMs = 60_000
/** Entries that XSCHEDULE DELAYED shows unless COUNT says otherwise. */
export const delayedShown = 100
/** Consumers of a group are looked at no more often. */
export const reapCheckMsMin = 100
