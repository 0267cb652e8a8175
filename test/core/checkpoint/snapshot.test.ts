// A live snapshot is the state at its cut, whatever commands run between its slices, and whatever falls due.
import fc from 'fast-check'
import test from 'ava'
import { RdbFileReader } from '../../../core/checkpoint/rdb-file-reader.ts'
import { RdbLoader } from '../../../core/checkpoint/rdb-load.ts'
import { Snapshot } from '../../../core/checkpoint/snapshot.ts'
import { stateDigest } from '../../../core/digest.ts'
import type { Engine } from '../../../core/engine.ts'
import { driver } from '../commands/driver.ts'
import type { Driver } from '../commands/driver.ts'

const keyCount = 160
const key = fc.nat(keyCount - 1).map((n) => `k${n}`)
const fresh = fc.oneof(key, fc.nat(40).map((n) => `new${n}`))
const db = fc.constantFrom('0', '1', '2')
const ms = fc.constantFrom('1', '20', '900')
const word = fc.constant<string>

const command = fc.oneof(
  fc.tuple(fc.constantFrom('SET', 'APPEND', 'GETSET'), fresh, fc.string({ maxLength: 90 })),
  fc.tuple(fc.constantFrom('INCR', 'DEL', 'UNLINK', 'PERSIST', 'GET', 'LPOP', 'SPOP', 'ZPOPMIN', 'GETDEL'), key),
  fc.tuple(word('SETRANGE'), key, word('70'), word('x')),
  fc.tuple(fc.constantFrom('RPUSH', 'LPUSH', 'SADD', 'PFADD'), fresh, fc.constantFrom('1', 'a', 'z'.repeat(70)), word('b')),
  fc.tuple(word('LTRIM'), key, word('1'), word('0')),
  fc.tuple(word('HSET'), fresh, fc.constantFrom('f', 'g'), fc.string({ maxLength: 80 })),
  fc.tuple(word('HDEL'), key, word('f')),
  fc.tuple(word('HPEXPIRE'), key, ms, word('FIELDS'), word('1'), word('f')),
  fc.tuple(word('ZADD'), fresh, word('3'), word('m')),
  fc.tuple(word('ZREM'), key, word('a')),
  fc.tuple(word('XADD'), fresh, word('*'), word('f'), word('v')),
  fc.tuple(word('XADD'), fresh, word('IDMP'), fc.constantFrom('p', 'q'), fc.constantFrom('1', '2'), word('*'), word('f'), word('v')),
  fc.tuple(word('XGROUP'), word('CREATECONSUMER'), key, word('g'), word('bob')),
  fc.tuple(word('XGROUP'), word('CREATE'), key, word('g2'), word('$')),
  fc.tuple(word('XREADGROUP'), word('GROUP'), word('g'), word('ann'), word('STREAMS'), key, word('>')),
  fc.tuple(word('XACK'), key, word('g'), word('1-1')),
  fc.tuple(fc.constantFrom('RENAME', 'COPY', 'LMOVE'), key, fresh),
  fc.tuple(word('SMOVE'), key, fresh, word('1')),
  fc.tuple(fc.constantFrom('RPOPLPUSH'), key, fresh),
  fc.tuple(word('COPY'), key, fresh, word('DB'), db, word('REPLACE')),
  fc.tuple(word('MOVE'), key, db),
  fc.tuple(word('SUNIONSTORE'), fresh, key, key),
  fc.tuple(word('SORT'), key, word('BY'), word('k*'), word('ALPHA'), word('STORE'), fresh),
  fc.tuple(word('PEXPIRE'), key, ms),
  fc.tuple(fc.constantFrom('SWAPDB'), db, db),
  fc.constantFrom<string[]>(['FLUSHDB'], ['FLUSHALL'], ['FLUSHDB', 'ASYNC'], ['RANDOMKEY']),
)
const step = fc.record({
  command, database: fc.constantFrom(0, 0, 0, 1, 2), wait: fc.constantFrom(0, 0, 2, 25), slices: fc.constantFrom(0, 0, 1),
})

/** Keys of every type in three databases, some with deadlines. */
function filled(): Driver {
  const d = driver()
  for (let i = 0; i < keyCount; i++) {
    d.session.db = i % 8 === 0 ? 1 : i % 9 === 0 ? 2 : 0
    const name = `k${i}`
    switch (i % 7) {
      case 0: d.run('SET', name, i); break
      case 1: d.run('SET', name, 'value '.repeat(i % 13)); break
      case 2: d.run('RPUSH', name, ...Array.from({ length: 1 + i }, (_, n) => `item ${n}`)); break
      case 3: d.run('SADD', name, ...Array.from({ length: 1 + i }, (_, n) => i % 2 === 0 ? n : `m${n}`)); break
      case 4: d.run('HSET', name, 'f', 'v', 'g', i); break
      case 5: d.run('ZADD', name, 1, 'a', 2.5, 'b'); break
      default: {
        d.run('XADD', name, '1-1', 'f', 'v')
        d.run('XGROUP', 'CREATE', name, 'g', '0')
        if (i % 2 === 0) d.run('XGROUP', 'CREATECONSUMER', name, 'g', 'idle')
        if (i % 4 === 0) d.run('XADD', name, 'IDMP', 'p', '1', '*', 'f', 'v')
      }
    }
    if (i % 5 === 0) d.run('PEXPIRE', name, 10 + i * 3)
    if (i % 7 === 4 && i % 3 === 0) d.run('HPEXPIRE', name, 30 + i, 'FIELDS', 1, 'g')
  }
  return d
}

function load(file: Buffer): Engine {
  const { engine } = driver()
  const reader = new RdbFileReader(engine.settings.stringBytesMax, true)
  reader.push(file)
  reader.end()
  const loader = new RdbLoader(engine, {})
  engine.replaying = true
  while (reader.step(loader) !== 'end') continue
  engine.replaying = false
  return engine
}

test('the file is the state at the cut', (t) => {
  let midway = 0
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
    const d = filled()
    const expected = stateDigest(d.engine)
    const parts: Buffer[] = []
    const snapshot = new Snapshot(d.engine, (buf, from, to) => void parts.push(Buffer.from(buf.subarray(from, to))), {
      aux: {}, checksum: true,
    })
    t.is(snapshot.keys, d.engine.dbs.reduce((sum, one) => sum + one.count, 0))
    for (const { command: words, database, wait, slices } of steps) {
      d.clock.advance(wait)
      d.session.db = database
      d.run(...words)
      if (slices > 0 && d.engine.snapshot !== undefined) {
        if (snapshot.step(0)) break
        midway++
      }
    }
    if (d.engine.snapshot !== undefined) while (!snapshot.step(0)) continue
    t.is(d.engine.snapshot, undefined)
    const loaded = load(Buffer.concat(parts))
    if (stateDigest(loaded) !== expected) throw new Error('not the state at the cut')
    if (loaded.dbs.reduce((sum, one) => sum + one.count, 0) !== snapshot.keys) throw new Error('other keys')
    for (const one of d.engine.dbs) one.check()
  }), { numRuns: 300 })
  t.true(midway > 100, `${midway} slices with more to come`)
})

test('one that is given up costs no more, and another may begin', (t) => {
  const d = filled()
  const options = { aux: {}, checksum: false }
  const snapshot = new Snapshot(d.engine, () => {}, options)
  snapshot.abandon()
  t.is(d.engine.snapshot, undefined)
  new Snapshot(d.engine, () => {}, options).finish()
  t.is(d.engine.snapshot, undefined)
})

test('several at a time, with a cut of its own each', (t) => {
  const d = filled()
  const options = { aux: {}, checksum: true }
  const making = Array.from({ length: 4 }, (_, i) => {
    const parts: Buffer[] = []
    d.run('SET', `before:${i}`, String(i))
    const expected = stateDigest(d.engine)
    const snapshot = new Snapshot(d.engine, (buf, from, to) => void parts.push(Buffer.from(buf.subarray(from, to))), options)
    d.run('APPEND', 'before:0', 'more')
    snapshot.step(0)
    return { parts, expected, snapshot }
  })
  making[1]!.snapshot.abandon()
  d.run('FLUSHALL')
  t.is(d.engine.snapshot, undefined)
  for (const { parts, expected } of making.filter((_, i) => i !== 1)) t.is(stateDigest(load(Buffer.concat(parts))), expected)
})

test('one that would rather begin anew is given up when all changes, unless it is nearly done', (t) => {
  const d = filled()
  let gone = 0
  const options = { aux: {}, checksum: false, onGivenUp: () => void gone++ }
  const small = new Snapshot(d.engine, () => {}, options)
  d.run('FLUSHALL')
  t.is(gone, 0, 'few keys are written at once')
  t.is(small.written, small.keys)
  for (let i = 0; i < 5000; i++) d.run('SET', `k${i}`, 'v')
  const snapshot = new Snapshot(d.engine, () => {}, options)
  d.run('SWAPDB', '0', '1')
  t.is(gone, 1)
  t.is(d.engine.snapshot, undefined)
  t.true(snapshot.written < 5000)
})
