// Bounds of monitoring, the unit last in the name.

/** Frames whose sync is waited for, to become a span; the oldest are forgotten first. */
export const syncsFollowedMax = 1000
/** How fine delays of the event loop are measured. */
export const loopDelayMs = 10
/** How long a stop waits for a collector to take what is left. */
export const flushMsMax = 2000
