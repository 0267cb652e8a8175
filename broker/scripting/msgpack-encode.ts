// MessagePack as cmsgpack.pack writes it: the shortest form of each integer, a float where it says as much as a double,
// strings without the `bin` family, tables as arrays when their keys are 1 … n and nothing else.
// https://github.com/msgpack/msgpack/blob/master/spec.md
//
//   0x00…7f e0…ff  small integers   cc cd ce cf  u8 u16 u32 u64   d0 d1 d2 d3  i8 i16 i32 i64   ca cb  f32 f64
//   a0…bf d9 da db  strings         90…9f dc dd  arrays           80…8f de df  maps            c0 c2 c3  nil false true

import type { ByteWriter } from './byte-writer.ts'
import { endOfTable, LuaTable } from './lua/table.ts'
import type { LuaValue } from './lua/value.ts'

/** Tables nested deeper are written as nil. */
const nestingMax = 16
const two32 = 2 ** 32
const two63 = 2 ** 63

export function encodeMsgpack(out: ByteWriter, value: LuaValue, level: number): void {
  switch (typeof value) {
    case 'string': return encodeText(out, value)
    case 'number': return encodeNumber(out, value)
    case 'boolean': return out.u8(value ? 0xc3 : 0xc2)
    case 'object':
      if (value instanceof LuaTable && level < nestingMax) return encodeTable(out, value, level)
  }
  out.u8(0xc0)
}

function encodeText(out: ByteWriter, text: string): void {
  const size = text.length
  if (size < 32) out.u8(0xa0 | size)
  else if (size < 0x100) {
    out.u8(0xd9)
    out.u8(size)
  } else if (size < 0x10000) {
    out.u8(0xda)
    out.u16(size)
  } else {
    out.u8(0xdb)
    out.u32(size)
  }
  out.text(text)
}

function encodeNumber(out: ByteWriter, n: number): void {
  if (Number.isInteger(n) && n >= -two63 && n < two63) {
    if (n >= 0) encodeUnsigned(out, n)
    else encodeNegative(out, n)
  } else if (Math.fround(n) === n) {
    out.u8(0xca)
    out.f32(n)
  } else if (n !== n) {
    // The NaN that 0/0 makes on x86.
    out.u8(0xcb)
    out.u32(0xfff80000)
    out.u32(0)
  } else {
    out.u8(0xcb)
    out.f64(n)
  }
}

function encodeUnsigned(out: ByteWriter, n: number): void {
  if (n < 0x80) out.u8(n)
  else if (n < 0x100) {
    out.u8(0xcc)
    out.u8(n)
  } else if (n < 0x10000) {
    out.u8(0xcd)
    out.u16(n)
  } else if (n < two32) {
    out.u8(0xce)
    out.u32(n)
  } else {
    out.u8(0xcf)
    writeWide(out, n)
  }
}

function encodeNegative(out: ByteWriter, n: number): void {
  if (n >= -32) out.u8(n & 0xff)
  else if (n >= -0x80) {
    out.u8(0xd0)
    out.u8(n & 0xff)
  } else if (n >= -0x8000) {
    out.u8(0xd1)
    out.u16(n)
  } else if (n >= -0x80000000) {
    out.u8(0xd2)
    out.u32(n)
  } else {
    out.u8(0xd3)
    writeWide(out, n)
  }
}

/** 64 bits of an integer that a double holds. */
function writeWide(out: ByteWriter, n: number): void {
  const high = Math.floor(n / two32)
  out.u32(high)
  out.u32(n - high * two32)
}

function encodeTable(out: ByteWriter, table: LuaTable, level: number): void {
  const items = arrayItems(table)
  if (items >= 0) {
    encodeHeader(out, items, 0x90, 0xdc)
    for (let i = 1; i <= items; i++) encodeMsgpack(out, table.getIndex(i), level + 1)
    return
  }
  let pairs = 0
  for (let at = table.seek(0); at !== endOfTable; at = table.seek(table.after(at))) pairs++
  encodeHeader(out, pairs, 0x80, 0xde)
  for (let at = table.seek(0); at !== endOfTable; at = table.seek(table.after(at))) {
    encodeMsgpack(out, table.keyAt(at), level + 1)
    encodeMsgpack(out, table.valueAt(at), level + 1)
  }
}

/** How many values a table has when its keys are exactly 1 … n; -1 when they are others. */
function arrayItems(table: LuaTable): number {
  if (table.keys.length === 0 && !table.holes) return table.array.length
  let count = 0
  let most = 0
  for (let at = table.seek(0); at !== endOfTable; at = table.seek(table.after(at))) {
    const key = table.keyAt(at)
    if (typeof key !== 'number' || key <= 0 || !Number.isInteger(key)) return -1
    if (key > most) most = key
    count++
  }
  return most === count ? count : -1
}

/** `short | n` for up to 15, else `long` and 16 bits or `long + 1` and 32. */
function encodeHeader(out: ByteWriter, n: number, short: number, long: number): void {
  if (n < 16) out.u8(short | n)
  else if (n < 0x10000) {
    out.u8(long)
    out.u16(n)
  } else {
    out.u8(long + 1)
    out.u32(n)
  }
}
