// MessagePack as cmsgpack.unpack reads it, from a string of one character a byte. The `bin` and extension families are
// bad data to it; an unsigned integer beyond 2^63 comes out negative, as it does there.

import { isNaNKey, LuaTable } from './lua/table.ts'
import type { LuaValue } from './lua/value.ts'

const two32 = 2 ** 32
const bits = new DataView(new ArrayBuffer(8))

/** Why a value can't be read; the texts are those of the library. */
export class BadMsgpack {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const missing = new BadMsgpack('Missing bytes in input.')
const malformed = new BadMsgpack('Bad data format in input.')
/** Keys that no table can have. */
export const nilKey = new BadMsgpack('table index is nil')
export const nanKey = new BadMsgpack('table index is NaN')

/** Reads value after value; `at` is where the next begins. Raises BadMsgpack. */
export class MsgpackReader {
  private data: string
  at: number

  constructor(data: string, at: number) {
    this.data = data
    this.at = at
  }

  value(): LuaValue {
    const lead = this.data.charCodeAt(this.at++)
    if (lead < 0x80) return lead
    if (lead >= 0xe0) return lead - 0x100
    if (lead >= 0xa0 && lead < 0xc0) return this.text(lead & 31)
    if (lead >= 0x90 && lead < 0xa0) return this.array(lead & 15)
    if (lead < 0x90) return this.map(lead & 15)
    return this.long(lead)
  }

  private long(lead: number): LuaValue {
    switch (lead) {
      case 0xc0: return undefined
      case 0xc2: return false
      case 0xc3: return true
      case 0xca: {
        bits.setUint32(0, this.u32())
        return bits.getFloat32(0)
      }
      case 0xcb: {
        bits.setUint32(0, this.u32())
        bits.setUint32(4, this.u32())
        return bits.getFloat64(0)
      }
      case 0xcc: return this.u8()
      case 0xcd: return this.u16()
      case 0xce: return this.u32()
      case 0xcf: case 0xd3: {
        const high = this.u32() | 0
        return high * two32 + this.u32()
      }
      case 0xd0: return (this.u8() << 24) >> 24
      case 0xd1: return (this.u16() << 16) >> 16
      case 0xd2: return this.u32() | 0
      case 0xd9: return this.text(this.u8())
      case 0xda: return this.text(this.u16())
      case 0xdb: return this.text(this.u32())
      case 0xdc: return this.array(this.u16())
      case 0xdd: return this.array(this.u32())
      case 0xde: return this.map(this.u16())
      case 0xdf: return this.map(this.u32())
      default: throw Number.isNaN(lead) ? missing : malformed
    }
  }

  private need(bytes: number): void {
    if (this.data.length - this.at < bytes) throw missing
  }

  private u8(): number {
    this.need(1)
    return this.data.charCodeAt(this.at++)
  }

  private u16(): number {
    this.need(2)
    const { data, at } = this
    this.at = at + 2
    return (data.charCodeAt(at) << 8) | data.charCodeAt(at + 1)
  }

  private u32(): number {
    this.need(4)
    const { data, at } = this
    this.at = at + 4
    const high = (data.charCodeAt(at) << 8) | data.charCodeAt(at + 1)
    return high * 0x10000 + ((data.charCodeAt(at + 2) << 8) | data.charCodeAt(at + 3))
  }

  private text(size: number): string {
    this.need(size)
    const from = this.at
    this.at = from + size
    return this.data.slice(from, this.at)
  }

  private array(count: number): LuaTable {
    const table = new LuaTable()
    for (let i = 1; i <= count; i++) table.setIndex(i, this.value())
    return table
  }

  private map(pairs: number): LuaTable {
    const table = new LuaTable()
    for (let i = 0; i < pairs; i++) {
      const key = this.value()
      const value = this.value()
      if (key === undefined) throw nilKey
      if (isNaNKey(key)) throw nanKey
      table.set(key, value)
    }
    return table
  }
}
