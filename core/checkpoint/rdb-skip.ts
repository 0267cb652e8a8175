// Goes behind a value of an RDB file by its type, without looking at what it holds: copying needs no more.

import { RdbError, rdbTypes } from './rdb-format.ts'
import type { RdbInput } from './rdb-input.ts'

const idBytes = 16
const msBytes = 8
const scoreBytes = 8
/** First bytes of a score in text form: up to here they say how many bytes follow. */
const scoreTextMax = 252

/** Throws RdbError for a type that is not known, RdbShortError where bytes are lacking. */
export function skipValue(input: RdbInput, type: number): void {
  switch (type) {
    case rdbTypes.string: case rdbTypes.hashZipmap: case rdbTypes.listZiplist: case rdbTypes.setIntset:
    case rdbTypes.zsetZiplist: case rdbTypes.hashZiplist: case rdbTypes.hashListpack: case rdbTypes.zsetListpack:
    case rdbTypes.setListpack:
      return input.passString()
    case rdbTypes.list: case rdbTypes.set: case rdbTypes.listQuicklist: return skipStrings(input, input.length())
    case rdbTypes.hash: return skipStrings(input, input.length() * 2)
    case rdbTypes.zset: case rdbTypes.zsetText: return skipScored(input, type === rdbTypes.zset)
    case rdbTypes.listQuicklist2: return skipNodes(input)
    case rdbTypes.hashMetadata: return skipDated(input)
    case rdbTypes.hashListpackEx:
      input.take(msBytes)
      return input.passString()
    case rdbTypes.streamListpacks: case rdbTypes.streamListpacks2: case rdbTypes.streamListpacks3:
      return skipStream(input, type)
    default: throw new RdbError(`a value of type ${type}, which is not known`)
  }
}

function skipStrings(input: RdbInput, count: number): void {
  for (let left = count; left > 0; left--) input.passString()
}

function skipScored(input: RdbInput, binary: boolean): void {
  for (let left = input.length(); left > 0; left--) {
    input.passString()
    if (binary) input.take(scoreBytes)
    else {
      const bytes = input.byte()
      if (bytes <= scoreTextMax) input.take(bytes)
    }
  }
}

function skipNodes(input: RdbInput): void {
  for (let left = input.length(); left > 0; left--) {
    input.length()
    input.passString()
  }
}

function skipDated(input: RdbInput): void {
  input.take(msBytes)
  for (let left = input.length(); left > 0; left--) {
    input.length()
    input.passString()
    input.passString()
  }
}

function skipLengths(input: RdbInput, count: number): void {
  for (let left = count; left > 0; left--) input.length()
}

function skipStream(input: RdbInput, type: number): void {
  skipStrings(input, input.length() * 2)
  // Entries, last id; then first id, greatest deleted id, entries added.
  skipLengths(input, type === rdbTypes.streamListpacks ? 3 : 8)
  for (let groups = input.length(); groups > 0; groups--) {
    input.passString()
    skipLengths(input, type === rdbTypes.streamListpacks ? 2 : 3)
    for (let pending = input.length(); pending > 0; pending--) {
      input.take(idBytes + msBytes)
      input.length()
    }
    for (let consumers = input.length(); consumers > 0; consumers--) {
      input.passString()
      input.take(type === rdbTypes.streamListpacks3 ? 2 * msBytes : msBytes)
      input.take(input.length() * idBytes)
    }
  }
}
