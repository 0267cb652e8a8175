// Replies as values of Lua, read straight from the reply buffer.
//
//   :n  number        $n  string      +s  {ok = s}     -e  {err = e}    *n  table   nil  false in RESP2, nil in RESP3
//   #t  boolean       ,x  {double}    (n  {big_number} =n  {verbatim_string = {format, string}}
//   %n  {map = table} ~n  {set = table of true}        |n  skipped
//
// https://redis.io/docs/latest/develop/interact/programmability/lua-api/#data-type-conversion

import { LuaTable } from './lua/table.ts'
import type { LuaValue } from './lua/value.ts'
import { textOf } from './text-cache.ts'

/** Reads one reply after the other; `at` is where the next begins. */
export class ReplyReader {
  buf: Buffer
  at: number

  constructor() {
    this.buf = Buffer.alloc(0)
    this.at = 0
  }

  value(): LuaValue {
    const { buf } = this
    const sigil = buf[this.at++]!
    if (sigil === 36) return this.bulk()
    if (sigil === 58) return this.int()
    switch (sigil) {
      case 43: return fieldOf('ok', this.line())
      case 45: return errorTable(this.line())
      case 42: case 62: return this.array()
      case 95:
        this.at += 2
        return undefined
      case 35: return this.line() === 't'
      case 44: return fieldOf('double', Number(numberWord(this.line())))
      case 40: return fieldOf('big_number', this.line())
      case 61: return this.verbatim()
      case 37: return fieldOf('map', this.map())
      case 126: return fieldOf('set', this.set())
      case 124:
        for (let n = this.int() * 2; n > 0; n--) this.value()
        return this.value()
      default: throw new Error(`no reply begins with byte ${sigil}`)
    }
  }

  /** The digits up to the end of the line. */
  private int(): number {
    const { buf } = this
    let at = this.at
    const negative = buf[at] === 45
    if (negative) at++
    const first = at
    let n = 0
    let c = buf[at++]!
    while (c !== 13) {
      n = n * 10 + (c - 48)
      c = buf[at++]!
    }
    this.at = at + 1
    // Beyond 15 digits the sum rounds at each step; read as a whole it rounds once.
    if (at - first > 16) n = Number(buf.toString('latin1', first, at - 1))
    return negative ? -n : n
  }

  private line(): string {
    const from = this.at
    const end = this.buf.indexOf(13, from)
    this.at = end + 2
    return textOf(this.buf, from, end)
  }

  private bulk(): LuaValue {
    const size = this.int()
    if (size < 0) return false
    const from = this.at
    this.at = from + size + 2
    return textOf(this.buf, from, from + size)
  }

  private array(): LuaValue {
    const count = this.int()
    if (count < 0) return false
    const table = new LuaTable()
    for (let i = 1; i <= count; i++) table.setIndex(i, this.value())
    return table
  }

  private map(): LuaTable {
    const table = new LuaTable()
    for (let n = this.int(); n > 0; n--) {
      const key = this.value()
      const value = this.value()
      if (key !== undefined) table.set(key, value)
    }
    return table
  }

  private set(): LuaTable {
    const table = new LuaTable()
    for (let n = this.int(); n > 0; n--) {
      const member = this.value()
      if (member !== undefined) table.set(member, true)
    }
    return table
  }

  private verbatim(): LuaTable {
    const size = this.int()
    const from = this.at
    this.at = from + size + 2
    const table = new LuaTable()
    table.setString('format', this.buf.toString('latin1', from, from + 3))
    table.setString('string', this.buf.toString('latin1', from + 4, from + size))
    return fieldOf('verbatim_string', table)
  }
}

/** The table that an error is for a script. */
export function errorTable(text: string): LuaTable {
  const table = new LuaTable()
  table.setString('err', text)
  table.setString('ignore_error_stats_update', true)
  return table
}

export function fieldOf(name: string, value: LuaValue): LuaTable {
  const table = new LuaTable(0, 1)
  table.setString(name, value)
  return table
}

function numberWord(text: string): string {
  return text === 'inf' ? 'Infinity' : text === '-inf' ? '-Infinity' : text
}
