// Bounds of what is done for streams at its time, the unit last in the name.

/** Pending entries that are buried or given back in one turn; the rest follows in the next. */
export const entriesPerTurnMax = 500
/** What failed (the dead letters' key holds no stream, memory is short, the disk is full) is tried again after. */
export const retryMs = 1000
/** Consumers of a group are looked at no more often. */
export const reapCheckMsMin = 100
