// Every bound of the bridge, its unit last in the name.

/** Longest subject: a line of the protocol is 4096 bytes, and holds a second subject and sizes, too. */
export const subjectBytesMax = 3072
/** Fields of an entry that become headers; beyond it they are packed into the payload (JetStream takes 64 KiB). */
export const headerBytesMax = 32 << 10
export const bridgeNameCharsMax = 64
/** Publishes of a stream that JetStream has not acknowledged yet. */
export const inFlightDefault = 1024
export const inFlightMax = 16_384
/** The way back to a lost connection: waits that double from the one to the other. */
export const reconnectMsMin = 50
export const reconnectMsMax = 5000
export const connectMsMax = 5000
/** How long a stop waits for a connection to end. */
export const closeMsMax = 1000
/** A server that doesn't answer so many pings is gone. */
export const pingMs = 5000
export const unansweredPingsMax = 2
export const apiMsMax = 5000
/** What was sent and not taken by the server, beyond which messages without a promise are left out. */
export const unflushedBytesMax = 8 << 20
/** Bytes in flight beyond which a stream is not read on. */
export const inFlightBytesMax = 16 << 20
/** What is read of a stream at once. */
export const readEntriesMax = 512
export const readBytesMax = 4 << 20
/** After so long without an acknowledgement the outcome of a publish is unknown. */
export const ackMsMax = 5000
/** What was refused is tried again after waits that double from the one to the other. */
export const retryMsMin = 100
export const retryMsMax = 5000
/** So often in a row a publish may find another one's message before it, until that is an error. */
export const conflictsMax = 5
/** A message that has been in so many places goes no further. */
export const hopsMax = 16
/** How many messages of JetStream are asked for at once, for how long, and how often it says that it is there. */
export const askBatch = 1000
export const askExpiryMs = 10_000
export const askHeartbeatMs = 1000
/** Without a word for so long a consumer is given up. */
export const silenceMsMax = 5000
/** JetStream forgets a consumer that nobody asks for so long. */
export const idleConsumerMs = 30_000
/** Messages without a promise that wait for the log. */
export const heldBytesMax = 16 << 20
