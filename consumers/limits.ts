// Bounds of what clients share, the unit last in the name.

/** How long a lost connection waits before it is tried again: at first, and at most. */
export const reconnectMsMin = 20
export const reconnectMsMax = 2000
