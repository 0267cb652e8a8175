// Tables against a Map, and the order of their keys against redis-server's.
import test from 'ava'
import fc from 'fast-check'
import { LuaTable, endOfTable } from '../../../../broker/scripting/lua/table.ts'
import type { LuaValue } from '../../../../broker/scripting/lua/value.ts'
import { requireRedis, startRedis } from '../../../process.ts'
import { RespClient } from '../../../resp-client.ts'
import { Chance } from './snippets.ts'

const keys = fc.oneof(
  fc.integer({ min: -3, max: 40 }), fc.integer({ min: -3, max: 400 }), fc.constantFrom<LuaValue>(0.5, 2 ** 53, true, false, '1'),
  fc.integer({ min: 0, max: 30 }).map((n) => `key ${n}`), fc.constantFrom('__proto__', 'constructor', 'length', '', 'toString'),
)
const writes = fc.array(fc.tuple(keys, fc.constantFrom<LuaValue>(1, 'x', false, undefined)), { maxLength: 120 })

function contents(table: LuaTable): Map<LuaValue, LuaValue> {
  const found = new Map<LuaValue, LuaValue>()
  for (let c = table.seek(0); c !== endOfTable; c = table.seek(table.after(c))) found.set(table.keyAt(c), table.valueAt(c))
  return found
}

test('a table holds what was written last, visits each key once, and #t is a border', (t) => {
  fc.assert(fc.property(writes, fc.nat(6), fc.nat(6), (list, arraySize, hashKeys) => {
    const table = new LuaTable(arraySize, hashKeys)
    const model = new Map<LuaValue, LuaValue>()
    for (const [key, value] of list) {
      table.set(key, value)
      if (value === undefined) model.delete(key)
      else model.set(key, value)
      t.is(table.get(key), value)
      const n = table.length()
      t.true((n === 0 || model.has(n)) && !model.has(n + 1), `border ${n}`)
    }
    const found = contents(table)
    t.is(found.size, model.size)
    for (const [key, value] of model) t.is(found.get(key), value)
    let visited = 0
    for (let key: LuaValue; ; visited++) {
      const cursor = table.seek(table.cursorAfter(key))
      if (cursor === endOfTable) break
      key = table.keyAt(cursor)
    }
    t.is(visited, model.size)
  }))
})

test('keys are visited in the order in which redis-server visits them', async (t) => {
  if (!requireRedis(t)) return
  const seed = Number(process.env['LUA_SEED'] ?? Math.floor(Math.random() * 1e9))
  t.log(`LUA_SEED=${seed}`)
  const redis = await startRedis(t)
  const client = await RespClient.connect(redis.port)
  const chance = new Chance(seed)
  for (let i = 0; i < 800; i++) {
    const table = new LuaTable()
    let script = 'local t = {}\n'
    const range = chance.pick([8, 30, 300])
    for (let n = chance.below(70); n > 0; n--) {
      const integer = chance.below(range) - 3
      const key = chance.below(3) === 0 ? integer : `k${integer}`.repeat(2)
      const text = typeof key === 'string' ? `"${key}"` : String(key)
      const value = chance.below(3) === 0 ? undefined : 1
      table.set(key, value)
      script += `t[${text}] = ${value ?? 'nil'}\n`
    }
    script += 'local r = {} for k in pairs(t) do r[#r + 1] = tostring(k) end return table.concat(r, ",") .. ";" .. #t'
    const there = (await client.text('EVAL', script, 0)).replace(/^\$\d+\r\n/, '').slice(0, -2)
    t.is(`${[...contents(table).keys()].map(String).join(',')};${table.length()}`, there, script)
  }
  client.socket.destroy()
})
