// Every bound of the broker that no name of redis.conf governs, its unit last in the name.

/** Commands that one client may run in one turn of the event loop before the others get theirs. */
export const turnCommandsMax = 2048
/** Bytes of replies after which a client goes on in the next turn. */
export const turnReplyBytesMax = 256 << 10
/**
 * Bytes of replies to all clients after which a turn ends early: they are sent while they are warm, from the same
 * memory each time (LRANGE of 64 KB, pipelined by 50 clients: 50 MB a turn before).
 */
export const allRepliesBytesMax = 512 << 10
/** A command that took longer ends its client's share of the turn. */
export const turnCommandMicrosMax = 2000
/** Unread replies of a client beyond which none of its further commands is run, until it reads. */
export const unreadBytesMax = 64 << 20
/** Bytes a client may have sent ahead while it is blocked or waits for its turn, before its socket is not read. */
export const aheadBytesMax = 1 << 20
/** A turn's reply buffer beyond this size is not kept for the next turn. */
export const replyBufferBytesMax = 1 << 20
/** Longest interval that a Node timer takes. */
export const timerMsMax = 2 ** 31 - 1
/** After how long a wait that is over by the clock is looked at again, while clients are held up. */
export const againMsHeld = 50
/** How long a load may hold the event loop before clients are told that it goes on. */
export const loadSliceMsMax = 20
/** How long the hashing of files for the archive may hold one turn of the event loop. */
export const archiveSliceMsMax = 5
/** What a copy of a file moves at once, and how long it may hold one turn of the event loop. */
export const copySliceBytes = 256 << 10
export const copySliceMsMax = 2
/** How long a snapshot may hold one turn of the event loop. */
export const snapshotSliceMsMax = 2
/** And how long it then leaves the loop to clients, when they sent something. */
export const snapshotPauseMs = 6
/** How often a load says how far it has come. */
export const loadReportMs = 5000
/** … and how far a checkpoint in the making is. */
export const progressReportMs = 5000
/** After a checkpoint failed, `save` rules wait that long. */
export const saveRetryMs = 5000
/** How long a graceful stop waits for clients to take their last replies. */
export const stopMsMax = 1000
/** How often idle clients, soft limits and pauses are looked at. */
export const cronMs = 100
/** What one read of a socket brings at most. */
export const readBytesMax = 64 << 10
/** For how many syncs' time a turn may take in further commands before its frame is synced. */
export const gatherSyncsMax = 3
/** What one chunk of shared pushes holds, unless one message is longer. */
export const fanOutBytes = 64 << 10
/** What one client got in a turn is copied into one piece up to this size. */
export const gatherBytesMax = 256 << 10
/** What is refused again within this time is one entry of ACL LOG. */
export const aclLogGroupMs = 60_000
/** Scripts that EVAL brought and nobody asked to keep, as Redis 7.4 bounds them. */
export const evalScriptsMax = 500
/** Replies that a script got and that are kept so that it can be run again; beyond them it is at once. */
export const recordBytesMax = 64 << 20
/** Readings of os.clock that are kept for the same reason. */
export const recordClocksMax = 1 << 20
/** How long a script that takes too long may run before the event loop serves others. */
export const scriptSliceMsMax = 5
/** A script that can't pause (in a metamethod, a long match) is ended after this, or the busy threshold again. */
export const scriptStuckMsMin = 1000
/** How long a library may take to register its functions. */
export const libraryLoadMsMax = 500
/** One block of the replication backlog. */
export const backlogBlockBytes = 64 << 10
/** What a socket of a replica may hold unsent before more of the stream waits in the backlog. */
export const replicaAheadBytesMax = 1 << 20
/** The process that folds the log looks up from its work that often (ms), and reports that often (ms). */
export const compactionSliceMs = 20
export const compactionProgressMs = 100
/** Data beyond this have the launcher ready: a fork takes some 10 ms then, and more as they grow. */
export const launcherReadyBytes = 32 << 20
/** So much of what a child process complains of is kept. */
export const childComplaintCharsMax = 2000
/** What a replica is sent at most before others have their turn. */
export const replicaTurnBytesMax = 1 << 20
/** For so many frames WAIT knows where in the stream they end. */
export const frameEndsMax = 8192
/** What of a dataset in the making may wait for the slowest of the replicas that it is for. */
export const datasetAheadBytesMax = 1 << 20
/** What is read at once of a dataset that was made as a file. */
export const datasetReadBytes = 256 << 10
/** How often a master's dataset that is to be loaded looks whether the way is free. */
export const datasetWaitMs = 5
/** The timeout of a MIGRATE that gives none, as in Redis. */
export const migrateTimeoutMs = 1000
/** How long its connection is kept for the next one, and how many are. */
export const migrateIdleMs = 10_000
export const migrateTargetsKept = 64
/** What may be on its way to the target before the next value is packed. */
export const migrateAheadBytesMax = 1 << 20
/** The longest line that a target may answer. */
export const migrateReplyBytesMax = 64 << 10
/** How often a MIGRATE that has moved its keys looks whether it may write again. */
export const migrateWaitMs = 5
/** How long DEBUG POPULATE may hold one turn of the event loop. */
export const populateSliceMsMax = 5
/** Codes of errors that INFO counts apart, and what the longest of them has, as in Redis 7.4. */
export const errorCodesMax = 128
export const errorCodeCharsMax = 30
/** The least bound of what clients take, as in Redis. */
export const clientsBytesMin = 128 << 10
/** After so many bytes from and to clients it is looked at in the same turn. */
export const clientsLookBytes = 1 << 20
