// Constants of the RDB format, which reader and writer share. DUMP payloads are made of the same values.
// Facts: https://rdb.fnordig.de/file_format.html, and Redis's own description of its types by version.

/** What a value's first byte says. Not read: values of modules (6, 7), of unreleased versions (22, 23). */
export const rdbTypes = {
  string: 0, list: 1, set: 2, zsetText: 3, hash: 4, zset: 5, hashZipmap: 9, listZiplist: 10, setIntset: 11,
  zsetZiplist: 12, hashZiplist: 13, listQuicklist: 14, streamListpacks: 15, hashListpack: 16, zsetListpack: 17,
  listQuicklist2: 18, streamListpacks2: 19, setListpack: 20, streamListpacks3: 21, hashMetadata: 24, hashListpackEx: 25,
} as const

/** What stands between values: libraries of functions, deadlines, access times, the numbers of databases … */
export const rdbOpcodes = {
  slotInfo: 244, library: 245, libraryPreview: 246, moduleData: 247, idle: 248, frequency: 249, aux: 250, resize: 251,
  deadlineMs: 252, deadlineSeconds: 253, database: 254, end: 255,
} as const
/** A file begins with it, and four digits of its version. */
export const rdbMagic = 'REDIS'
export const rdbHeaderBytes = 9
/** CRC-64 at the end since version 5; zeros where it was not computed. */
export const rdbChecksumBytes = 8

/** The newest version that is read; and what is written, which redis-server 7.0 reads. */
export const rdbVersionMax = 12
export const rdbVersionPlain = 10
/** Written where a value needs it: hashes whose fields have deadlines. */
export const rdbVersionDated = 12

/** Of a length: two top bits, then the whole byte for the wide ones. */
export const lengths = { short: 0, middle: 1, encoded: 3, wide32: 0x80, wide64: 0x81 } as const
/** What a byte 11xxxxxx in place of a string's length says. */
export const encodings = { int8: 0, int16: 1, int32: 2, lzf: 3 } as const
/** Nodes of a quicklist. */
export const containers = { plain: 1, packed: 2 } as const
/** Flags of a stream's entry. */
export const entryFlags = { deleted: 1, sameFields: 2 } as const

/** What can't be read. `message` says what is wrong with it. */
export class RdbError extends Error {}

/** The bytes at hand end too early: with more of them it may be read. */
export class RdbShortError extends RdbError {}
