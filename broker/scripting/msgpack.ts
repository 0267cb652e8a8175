// The library cmsgpack.

import { ByteWriter } from './byte-writer.ts'
import { checkNumber, checkString } from './lua/args.ts'
import { argumentError, failFromLibrary, raise } from './lua/sites.ts'
import { LuaTable } from './lua/table.ts'
import type { LuaResult, LuaValue } from './lua/value.ts'
import { encodeMsgpack } from './msgpack-encode.ts'
import { BadMsgpack, MsgpackReader, nanKey, nilKey } from './msgpack-decode.ts'

const writer = new ByteWriter()

function pack(...values: LuaValue[]): LuaResult {
  if (values.length === 0) throw argumentError(0, 'MessagePack pack needs input.')
  writer.reset()
  for (const value of values) encodeMsgpack(writer, value, 0)
  return writer.take()
}

function unpack(data: LuaValue): LuaResult {
  return unpackSome(checkString(data, 1, arguments.length), 0, 0)
}

function unpackOne(data: LuaValue, offset: LuaValue): LuaResult {
  const text = checkString(data, 1, arguments.length)
  return unpackSome(text, 1, offset === undefined ? 0 : Math.trunc(checkNumber(offset, 2, arguments.length)))
}

function unpackLimit(data: LuaValue, limit: LuaValue, offset: LuaValue): LuaResult {
  const text = checkString(data, 1, arguments.length)
  const most = Math.trunc(checkNumber(limit, 2, arguments.length))
  return unpackSome(text, most, offset === undefined ? 0 : Math.trunc(checkNumber(offset, 3, arguments.length)))
}

/** Up to `limit` values from `offset` on, after the offset of what follows them; without both, all values. */
function unpackSome(text: string, limit: number, offset: number): LuaResult {
  const size = text.length
  if (offset < 0 || limit < 0) {
    throw raise(`Invalid request to unpack with offset of ${offset} and limit of ${size}.`)
  }
  if (offset > size) throw raise(`Start offset ${offset} greater than input length ${size}.`)
  const all = limit === 0 && offset === 0
  const most = all ? Infinity : limit
  const reader = new MsgpackReader(text, offset)
  const values: LuaValue[] = all ? [] : [-1]
  try {
    for (let n = 0; n < most && reader.at < size; n++) values.push(reader.value())
  } catch (error) {
    if (!(error instanceof BadMsgpack)) throw error
    throw error === nilKey || error === nanKey ? failFromLibrary(error.text) : raise(error.text)
  }
  if (!all && reader.at < size) values[0] = reader.at
  return values.length === 1 ? values[0] : values
}

export function msgpackLibrary(): LuaTable {
  const library = new LuaTable()
  library.setString('pack', pack)
  library.setString('unpack', unpack)
  library.setString('unpack_one', unpackOne)
  library.setString('unpack_limit', unpackLimit)
  library.setString('_NAME', 'cmsgpack')
  library.setString('_VERSION', 'lua-cmsgpack 0.4.0')
  library.setString('_COPYRIGHT', 'Copyright (C) 2012, Salvatore Sanfilippo')
  library.setString('_DESCRIPTION', 'MessagePack C implementation for Lua')
  return library
}
