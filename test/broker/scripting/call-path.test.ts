// The way of a command out of Lua and of its reply back: bytes as strings, arguments as a frame, replies as values.
import fc from 'fast-check'
import test from 'ava'
import { frameValues } from '../../../broker/scripting/call-arguments.ts'
import { LuaTable } from '../../../broker/scripting/lua/table.ts'
import type { LuaValue } from '../../../broker/scripting/lua/value.ts'
import { ReplyReader } from '../../../broker/scripting/reply-value.ts'
import { textOf } from '../../../broker/scripting/text-cache.ts'
import { writeValue } from '../../../broker/scripting/value-reply.ts'
import { Args, frameCommand } from '../../../core/args.ts'
import { Reply } from '../../../core/reply.ts'
import { scale } from '../../scale.ts'

const runs = { numRuns: scale.full ? 20_000 : 2000, seed: scale.seed }
const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 60 })
// Few letters, so that texts come again and share their places in the cache.
const likely = fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\xff'), maxLength: 6 })

test('bytes are the same string whatever was read before', (t) => {
  t.notThrows(() => fc.assert(fc.property(fc.array(fc.oneof(likely, bytes), { maxLength: 20 }), (texts) => {
    for (const text of texts) t.is(textOf(Buffer.from(`x${text}y`, 'latin1'), 1, 1 + text.length), text)
  }), runs))
})

test('arguments are framed as a client would send them, also over a buffer that must grow', (t) => {
  const args = new Args()
  const framed = new Args()
  const word = fc.oneof(likely, bytes, bytes.map((text) => text.repeat(200)))
  t.notThrows(() => fc.assert(fc.property(fc.array(fc.oneof(word, fc.integer()), { minLength: 1, maxLength: 120 }), (words) => {
    t.true(frameValues(args, words))
    t.is(frameCommand(framed, args.buf, args.rawStart, args.rawEnd), args.rawEnd)
    t.is(framed.count, words.length)
    for (let i = 0; i < words.length; i++) {
      t.is(framed.text(i), String(words[i]))
      t.is(args.text(i), String(words[i]))
    }
  }), { ...runs, numRuns: 500 }))
  for (const odd of [undefined, true, false, new LuaTable(), () => undefined]) t.false(frameValues(args, ['GET', odd]))
})

type Plain = number | string | Plain[]

function toLua(value: Plain): LuaValue {
  if (!Array.isArray(value)) return value
  const table = new LuaTable()
  value.forEach((item, i) => table.setIndex(i + 1, toLua(item)))
  return table
}

const fromLua = (value: LuaValue): unknown => (value instanceof LuaTable ? value.array.map(fromLua) : value)

test('what a script returns is what another script reads', (t) => {
  const plain = fc.letrec<{ value: Plain }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, bytes, fc.maxSafeInteger(), fc.array(tie('value'), { maxLength: 8 })),
  })).value
  const reply = new Reply()
  const reader = new ReplyReader()
  t.notThrows(() => fc.assert(fc.property(plain, fc.constantFrom<2 | 3>(2, 3), (value, resp) => {
    reply.at = 0
    reply.resp = resp
    writeValue(reply, toLua(value), resp)
    reader.buf = reply.buf
    reader.at = 0
    t.deepEqual(fromLua(reader.value()), value)
    t.is(reader.at, reply.at)
  }), runs))
})

test('integers of a reply are rounded once', (t) => {
  const reply = new Reply()
  const reader = new ReplyReader()
  t.notThrows(() => fc.assert(fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (n) => {
    reply.at = 0
    reply.bigint(n)
    reader.buf = reply.buf
    reader.at = 0
    t.is(reader.value(), Number(n))
  }), runs))
})

test('tables nested without end are an error in the reply, whatever they are nested in', (t) => {
  for (const [name, levels] of [['', 2400], ['map', 800], ['set', 800]] as const) {
    const inner = new LuaTable()
    const outer = new LuaTable()
    if (name === '') inner.setIndex(1, inner)
    else {
      inner.setString(name, outer)
      outer.set(name === 'map' ? 'x' : inner, inner)
    }
    const reply = new Reply()
    reply.resp = 3
    writeValue(reply, inner, 3)
    const text = reply.buf.toString('latin1', 0, reply.at)
    t.is(text.split(name === 'map' ? '%1\r\n' : name === 'set' ? '~1\r\n' : '*1\r\n').length - 1, levels)
    t.true(text.endsWith('-ERR reached lua stack limit\r\n'))
  }
})
