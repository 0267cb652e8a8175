// DUMP and RESTORE by themselves: round trips, damage, and what the log says.
import fc from 'fast-check'
import test from 'ava'
import { Crc64 } from '../../../core/checkpoint/crc64.ts'
import { stateDigest } from '../../../core/digest.ts'
import { bulk, driver, fold, nil, ok } from '../commands/driver.ts'
import type { Driver } from '../commands/driver.ts'
import { datedHashCommands, valueCommands } from './values.ts'

function payloadOf(d: Driver, key: string): Buffer {
  const reply = Buffer.from(d.run('DUMP', key), 'latin1')
  return reply.subarray(reply.indexOf('\r\n') + 2, -2)
}

/** The payload with the checksum of what it says now. */
function withSum(payload: Buffer): Buffer {
  const { high, low } = new Crc64().update(payload, 0, payload.length - 8)
  payload.writeUInt32LE(low, payload.length - 8)
  payload.writeUInt32LE(high, payload.length - 4)
  return payload
}

test('a restored value is the dumped one, and its effect folds', (t) => {
  fc.assert(fc.property(fc.oneof(valueCommands('a'), datedHashCommands('a')), fc.boolean(), (commands, compresses) => {
    const d = driver()
    d.engine.settings.compressesRdb = compresses
    for (const words of commands) d.run(...words)
    const only = stateDigest(d.engine)
    const payload = payloadOf(d, 'a')
    t.is(d.run('RESTORE', 'b', 0, payload), ok)
    const [restored, dumped] = [d.run('OBJECT', 'ENCODING', 'b'), d.run('OBJECT', 'ENCODING', 'a')]
    // Pushed elements count as they come, loaded ones as they are encoded: what was a quicklist may fit into a listpack.
    if (restored !== bulk('listpack') || dumped !== bulk('quicklist')) t.is(restored, dumped)
    t.is(d.run('TYPE', 'b'), d.run('TYPE', 'a'))
    d.engine.dbs[0]!.check()
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    d.run('RENAME', 'b', 'a')
    t.is(stateDigest(d.engine), only, JSON.stringify(commands.map((words) => words.slice(0, 9))).slice(0, 900))
    d.run('RENAME', 'a', 'b')
    const before = d.engine.arena.usedBytes
    t.is(d.run('RESTORE', 'b', 0, payload, 'REPLACE'), ok)
    d.run('FLUSHALL')
    d.engine.lazy.drain()
    t.true(d.engine.arena.usedBytes < before)
  }), { numRuns: 60 })
})

test('a flipped bit or a cut payload is refused, and nothing leaks', (t) => {
  fc.assert(fc.property(valueCommands('a'), fc.nat(), fc.nat(7), (commands, place, bit) => {
    const d = driver()
    for (const words of commands) d.run(...words)
    const payload = Buffer.from(payloadOf(d, 'a'))
    const used = d.engine.arena.usedBytes
    const effects = d.effects.length
    payload[place % payload.length]! ^= 1 << bit
    t.is(d.run('RESTORE', 'b', 0, payload), '-ERR DUMP payload version or checksum are wrong\r\n')
    t.is(d.run('RESTORE', 'b', 0, payload.subarray(0, place % payload.length)),
      '-ERR DUMP payload version or checksum are wrong\r\n')
    t.is(d.engine.arena.usedBytes, used)
    t.is(d.effects.length, effects)
  }), { numRuns: 40 })
})

test('damage under a valid checksum is a bad format or another value, never a crash or a leak', (t) => {
  let refused = 0
  fc.assert(fc.property(fc.oneof(valueCommands('a'), datedHashCommands('a')), fc.array(fc.tuple(fc.nat(), fc.nat(255)), {
    minLength: 1, maxLength: 4,
  }), (commands, edits) => {
    const d = driver()
    d.engine.settings.compressesRdb = false
    for (const words of commands) d.run(...words)
    const payload = Buffer.from(payloadOf(d, 'a'))
    for (const [place, value] of edits) payload[place % (payload.length - 10)] = value
    const used = d.engine.arena.usedBytes
    const reply = d.run('RESTORE', 'b', 0, withSum(payload))
    if (reply !== ok) {
      refused++
      t.is(reply, '-ERR Bad data format\r\n')
      t.is(d.engine.arena.usedBytes, used)
    } else {
      d.engine.dbs[0]!.check()
      d.run('DUMP', 'b')
      t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    }
    d.run('DEL', 'b')
    d.engine.lazy.drain()
  }), { numRuns: 250 })
  t.true(refused > 40, `${refused} were refused`)
})

test('options: expiry relative and absolute, a time that is past, replacing, and their errors', (t) => {
  const d = driver()
  d.run('SET', 'a', 'value')
  const payload = payloadOf(d, 'a')
  t.is(d.run('RESTORE', 'a', 0, payload), '-BUSYKEY Target key name already exists.\r\n')
  t.is(d.run('RESTORE', 'b', 5000, payload), ok)
  t.is(d.run('PTTL', 'b'), ':5000\r\n')
  t.is(d.run('RESTORE', 'b', d.clock.nowMs() + 70, payload, 'ABSTTL', 'REPLACE'), ok)
  t.is(d.run('PTTL', 'b'), ':70\r\n')
  t.is(d.run('RESTORE', 'b', 0, payload, 'REPLACE'), ok)
  t.is(d.run('PTTL', 'b'), ':-1\r\n')
  t.is(d.run('RESTORE', 'b', 1, payload, 'ABSTTL', 'REPLACE'), ok)
  t.is(d.run('GET', 'b'), nil)
  const effects = d.effects.length
  t.is(d.run('RESTORE', 'b', 1, payload, 'ABSTTL'), ok)
  t.is(d.run('EXISTS', 'b'), ':0\r\n')
  t.is(d.effects.length, effects)
  t.is(d.run('RESTORE', 'c', 0, payload, 'IDLETIME', 1000), ok)
  t.is(d.run('OBJECT', 'IDLETIME', 'c'), ':1000\r\n')
  t.is(d.run('RESTORE', 'd', -1, payload), '-ERR Invalid TTL value, must be >= 0\r\n')
  t.is(d.run('RESTORE', 'd', 0, payload, 'IDLETIME', -1), '-ERR Invalid IDLETIME value, must be >= 0\r\n')
  t.is(d.run('RESTORE', 'd', 0, payload, 'FREQ', 256), '-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n')
  t.is(d.run('RESTORE', 'd', 0, payload, 'IDLETIME', 1, 'FREQ', 1), '-ERR syntax error\r\n')
  t.is(d.run('DUMP', 'nothing'), nil)
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})
