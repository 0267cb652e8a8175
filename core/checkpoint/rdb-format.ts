// Constants of the RDB format, which reader and writer share. DUMP payloads are made of the same values.
// Facts: https://rdb.fnordig.de/file_format.html, and Redis's own description of its types by version.

/** What a value's first byte says. Not read: values of modules (6, 7), of unreleased versions (22, 23). */
export const rdbTypes = {
  string: 0, list: 1, set: 2, zsetText: 3, hash: 4, zset: 5, hashZipmap: 9, listZiplist: 10, setIntset: 11,
  zsetZiplist: 12, hashZiplist: 13, listQuicklist: 14, streamListpacks: 15, hashListpack: 16, zsetListpack: 17,
  listQuicklist2: 18, streamListpacks2: 19, setListpack: 20, streamListpacks3: 21, hashMetadata: 24, hashListpackEx: 25,
} as const

/** What stands between values: a library of functions. */
export const rdbOpcodes = { library: 245 } as const

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
