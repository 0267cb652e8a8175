// What scripts may set of cjson. A configuration is never changed but replaced, so that a script which has to be run
// again from its start finds the one it began with.

import type { LuaTable } from './lua/table.ts'

export type JsonConfig = {
  /** A sparse array becomes an object, no error; it is sparse beyond `sparseSafe` and `sparseRatio` × items. */
  readonly sparseConvert: boolean
  readonly sparseRatio: number
  readonly sparseSafe: number
  readonly encodeDepthMax: number
  readonly decodeDepthMax: number
  /** What becomes of NaN and the infinities: an error, `nan inf -inf`, `null`. */
  readonly encodeInvalid: 'off' | 'on' | 'null'
  /** NaN, infinities, hexadecimals and leading zeros are read. */
  readonly decodeInvalid: boolean
  readonly keepBuffer: boolean
  /** Significant digits. */
  readonly precision: number
  /** Decoded arrays get this metatable; a table that has it is encoded as an array. */
  readonly arrayMetatable: LuaTable | undefined
}

export const jsonDefaults: JsonConfig = {
  sparseConvert: false, sparseRatio: 2, sparseSafe: 10, encodeDepthMax: 1000, decodeDepthMax: 1000,
  encodeInvalid: 'off', decodeInvalid: true, keepBuffer: true, precision: 14, arrayMetatable: undefined,
}
