// What a script returns as a reply to its client. A number loses its fraction, a table is an array up to its first nil
// unless one of the fields err, ok, double, map, set, big_number and verbatim_string says otherwise; nil and false are
// null. Metatables are not asked.

import { formatDouble } from '../../core/double.ts'
import { endOfTable, LuaTable } from './lua/table.ts'
import type { LuaValue } from './lua/value.ts'
import type { Reply } from '../../core/reply.ts'

/** Tables nested deeper are answered by an error in their place; a map or a set counts for three. */
const nestingMax = 2400
const mapLevels = 3
const two63 = 2 ** 63
const exactMax = 2 ** 53

/** Writes a value; `scriptResp` is the protocol that the script chose by redis.setresp. */
export function writeValue(r: Reply, value: LuaValue, scriptResp: 2 | 3, level = 0): void {
  switch (typeof value) {
    case 'string': return r.text(value)
    case 'number': return writeInteger(r, value)
    case 'boolean':
      if (scriptResp === 3) return r.bool(value)
      if (value) return r.int(1)
      return r.nil()
    case 'object':
      if (value instanceof LuaTable) return writeTable(r, value, scriptResp, level)
  }
  r.nil()
}

/** As C casts a double to 64 bits. */
function writeInteger(r: Reply, n: number): void {
  const whole = Math.trunc(n)
  if (whole >= -exactMax && whole <= exactMax) r.int(whole === 0 ? 0 : whole)
  else if (whole >= -two63 && whole < two63) r.bigint(BigInt(whole))
  else r.bigint(-(1n << 63n))
}

function writeTable(r: Reply, table: LuaTable, scriptResp: 2 | 3, level: number): void {
  if (level >= nestingMax) return r.error('ERR reached lua stack limit')
  if (table.keys.length > 0 && writeSpecial(r, table, scriptResp, level)) return
  if (!table.holes && table.keys.length === 0) {
    const { array } = table
    r.array(array.length)
    for (let i = 0; i < array.length; i++) writeValue(r, array[i], scriptResp, level + 1)
    return
  }
  const mark = r.deferred()
  let count = 0
  for (let item = table.getIndex(1); item !== undefined; item = table.getIndex(count + 1)) {
    writeValue(r, item, scriptResp, level + 1)
    count++
  }
  r.setArray(mark, count)
}

/** Writes a table that one of its fields makes something else than an array; false when none does. */
function writeSpecial(r: Reply, table: LuaTable, scriptResp: 2 | 3, level: number): boolean {
  const err = table.getString('err')
  if (typeof err === 'string') {
    r.error(err)
    return true
  }
  const ok = table.getString('ok')
  if (typeof ok === 'string') {
    r.simple(oneLine(ok))
    return true
  }
  const double = table.getString('double')
  if (typeof double === 'number') {
    r.double(formatDouble(double))
    return true
  }
  const map = table.getString('map')
  if (map instanceof LuaTable) {
    writeMap(r, map, scriptResp, level)
    return true
  }
  const set = table.getString('set')
  if (set instanceof LuaTable) {
    writeSet(r, set, scriptResp, level)
    return true
  }
  const big = table.getString('big_number')
  if (typeof big === 'string') {
    r.bigNumber(oneLine(big))
    return true
  }
  const verbatim = table.getString('verbatim_string')
  if (verbatim instanceof LuaTable) {
    const string = verbatim.getString('string')
    const format = verbatim.getString('format')
    if (typeof string === 'string' && typeof format === 'string') {
      writeVerbatim(r, format, string)
      return true
    }
  }
  return false
}

function writeMap(r: Reply, map: LuaTable, scriptResp: 2 | 3, level: number): void {
  const mark = r.deferred()
  let pairs = 0
  for (let at = map.seek(0); at !== endOfTable; at = map.seek(map.after(at))) {
    writeValue(r, map.keyAt(at), scriptResp, level + mapLevels)
    writeValue(r, map.valueAt(at), scriptResp, level + mapLevels)
    pairs++
  }
  r.setMap(mark, pairs)
}

function writeSet(r: Reply, set: LuaTable, scriptResp: 2 | 3, level: number): void {
  const mark = r.deferred()
  let members = 0
  for (let at = set.seek(0); at !== endOfTable; at = set.seek(set.after(at))) {
    writeValue(r, set.keyAt(at), scriptResp, level + mapLevels)
    members++
  }
  r.setSet(mark, members)
}

function writeVerbatim(r: Reply, format: string, text: string): void {
  // The format takes three places, whatever the script gave.
  if (r.resp === 3) r.append(Buffer.from(`=${text.length + 4}\r\n${format.slice(0, 3)}:${text}\r\n`, 'latin1'))
  else r.text(text)
}

function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, ' ') : text
}
