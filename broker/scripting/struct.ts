// The library struct: binary structures as strings. Formats are read in struct-format.ts.

import { ByteWriter } from './byte-writer.ts'
import { checkNumber, checkString } from './lua/args.ts'
import { argumentError, raise } from './lua/sites.ts'
import { LuaTable } from './lua/table.ts'
import type { LuaResult, LuaValue } from './lua/value.ts'
import { StructFormat, structSize } from './struct-format.ts'
import type { Raise } from './struct-format.ts'
import { readInteger, writeInteger } from './struct-integer.ts'

const writer = new ByteWriter()
const floats = new DataView(new ArrayBuffer(8))

const raising: Raise = {
  argument(index, text) {
    throw argumentError(index, text)
  },
  error(text) {
    throw raise(text)
  },
}

function pack(text: LuaValue, ...values: LuaValue[]): LuaResult {
  const format = new StructFormat(checkString(text, 1, arguments.length), raising)
  writer.reset()
  let next = 0
  while (!format.done) {
    const option = format.next()
    const size = format.size(option)
    writer.zeros(format.padding(writer.at, option, size))
    // A nil stands behind the arguments: one too few is told to be nil.
    const [value, place] = [values[next], next + 2]
    switch (option) {
      case 'b': case 'B': case 'h': case 'H': case 'l': case 'L': case 'T': case 'i': case 'I':
        writeInteger(writer, checkNumber(value, place, place), size, format.littleEndian)
        next++
        break
      case 'x': writer.u8(0); break
      case 'f':
        writer.f32(checkNumber(value, place, place), format.littleEndian)
        next++
        break
      case 'd':
        writer.f64(checkNumber(value, place, place), format.littleEndian)
        next++
        break
      case 'c': case 's': {
        const string = checkString(value, place, place)
        next++
        const used = size === 0 ? string.length : size
        if (string.length < used) throw argumentError(next + 2, 'string too short')
        writer.text(used === string.length ? string : string.slice(0, used))
        if (option === 's') writer.u8(0)
        break
      }
      default: format.control(option)
    }
  }
  return writer.take()
}

function unpack(text: LuaValue, input: LuaValue, offset: LuaValue): LuaResult {
  const format = new StructFormat(checkString(text, 1, arguments.length), raising)
  const data = checkString(input, 2, arguments.length)
  const first = offset === undefined ? 1 : Math.trunc(checkNumber(offset, 3, arguments.length))
  if (first <= 0) throw argumentError(3, 'offset must be 1 or greater')
  let at = first - 1
  const values: LuaValue[] = []
  while (!format.done) {
    const option = format.next()
    let size = format.size(option)
    at += format.padding(at, option, size)
    needs(data, at, size)
    switch (option) {
      case 'b': case 'h': case 'l': case 'i':
        values.push(readInteger(data, at, size, format.littleEndian, true))
        break
      case 'B': case 'H': case 'L': case 'T': case 'I':
        values.push(readInteger(data, at, size, format.littleEndian, false))
        break
      case 'x': break
      case 'f': case 'd': values.push(readFloat(data, at, size, format.littleEndian)); break
      case 'c':
        if (size === 0) {
          const length = values.pop()
          if (typeof length !== 'number') throw raise(`format 'c0' needs a previous size`)
          // A negative size is a huge one to C.
          size = length < 0 ? Infinity : Math.trunc(length)
          needs(data, at, size)
        }
        values.push(data.slice(at, at + size))
        break
      case 's': {
        const end = data.indexOf('\0', at)
        if (end < 0) throw raise('unfinished string in data')
        values.push(data.slice(at, end))
        size = end - at + 1
        break
      }
      default: format.control(option)
    }
    at += size
  }
  values.push(at + 1)
  return values
}

function needs(data: string, at: number, size: number): void {
  if (at > data.length - size) throw argumentError(2, 'data string too short')
}

function readFloat(data: string, at: number, size: number, littleEndian: boolean): number {
  for (let i = 0; i < size; i++) floats.setUint8(i, data.charCodeAt(at + i))
  return size === 4 ? floats.getFloat32(0, littleEndian) : floats.getFloat64(0, littleEndian)
}

function size(text: LuaValue): LuaResult {
  return structSize(checkString(text, 1, arguments.length), raising)
}

export function structLibrary(): LuaTable {
  const library = new LuaTable()
  library.setString('pack', pack)
  library.setString('unpack', unpack)
  library.setString('size', size)
  return library
}
