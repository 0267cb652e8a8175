// XREADGROUP CLAIM, XNACK, and XADD IDMP|IDMPAUTO with XCFGSET and XIDMPRECORD. XDELEX and XACKDEL: stream-references.test.ts.

import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { seededRandom } from '../../../core/random.ts'
import { array, bulk, driver, fold, int, nil, ok } from './driver.ts'
import type { Driver, Word } from './driver.ts'

const nilArray = '*-1\r\n'
const syntax = '-ERR syntax error\r\n'
const noCount = 9223372036854775807n

/** A driver with the entries 1-1 … n-1 and a group `g` that has read none. */
function withGroup(n: number): Driver {
  const d = driver()
  d.engine.settings.streamNodeEntriesMax = 3
  for (let i = 1; i <= n; i++) d.run('XADD', 's', `${i}-1`, 'f', i)
  d.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  return d
}

const fields = (n: number): string => array(bulk('f'), bulk(String(n)))
const plain = (n: number): string => array(bulk(`${n}-1`), fields(n))
const detailed = (n: number, idle: number | bigint, deliveries: number | bigint): string =>
  array(bulk(`${n}-1`), fields(n), int(idle), int(deliveries))
const served = (...entries: string[]): string => array(array(bulk('s'), array(...entries)))
const pendingOne = (n: number, consumer: string, idle: number, deliveries: number | bigint): string =>
  array(bulk(`${n}-1`), bulk(consumer), int(idle), int(deliveries))
const read = (d: Driver, consumer: string, ...words: Word[]): string =>
  d.run('XREADGROUP', 'GROUP', 'g', consumer, ...words, 'STREAMS', 's', '>')
const pendingOf = (d: Driver): string => d.run('XPENDING', 's', 'g', '-', '+', 1000)

function folds(d: Driver): boolean {
  d.engine.groups.check(d.engine.stream.groups)
  d.engine.arena.check()
  return stateDigest(fold(d.effects)) === stateDigest(d.engine)
}

test('CLAIM delivers what is idle first, longest first, then what is new, and tells of each delivery', (t) => {
  const d = withGroup(5)
  read(d, 'a', 'COUNT', 1)
  d.clock.advance(100)
  read(d, 'a', 'COUNT', 2)
  d.clock.advance(50)
  d.run('XCLAIM', 's', 'g', 'a', 0, '1-1', 'IDLE', 10)
  t.is(read(d, 'b', 'CLAIM', 10), served(detailed(2, 50, 1), detailed(3, 50, 1), detailed(1, 10, 2), detailed(4, 0, 0), detailed(5, 0, 0)))
  t.is(pendingOf(d), array(...[[1, 3], [2, 2], [3, 2], [4, 1], [5, 1]].map(([n, times]) => pendingOne(n!, 'b', 0, times!))))
  t.is(read(d, 'a', 'CLAIM', 1), nilArray)
  t.true(folds(d))
})

test('CLAIM shares COUNT between what is idle and what is new; what is too young stays where it is', (t) => {
  const d = withGroup(6)
  read(d, 'a', 'COUNT', 3)
  d.clock.advance(20)
  t.is(read(d, 'b', 'COUNT', 2, 'CLAIM', 20), served(detailed(1, 20, 1), detailed(2, 20, 1)))
  t.is(read(d, 'b', 'COUNT', 3, 'CLAIM', 20), served(detailed(3, 20, 1), detailed(4, 0, 0), detailed(5, 0, 0)))
  t.is(read(d, 'c', 'CLAIM', 20), served(detailed(6, 0, 0)))
  d.clock.advance(19)
  t.is(read(d, 'c', 'CLAIM', 20), nilArray)
  t.is(read(d, 'c', 'COUNT', 1, 'CLAIM', 0), served(detailed(1, 19, 2)))
  t.true(folds(d))
})

test('CLAIM drops what was deleted, and others take its place in the count', (t) => {
  const d = withGroup(6)
  read(d, 'a')
  d.run('XDEL', 's', '1-1', '2-1', '4-1')
  d.clock.advance(10)
  t.is(read(d, 'b', 'COUNT', 2, 'CLAIM', 5), served(detailed(3, 10, 1), detailed(5, 10, 1)))
  t.is(pendingOf(d), array(pendingOne(3, 'b', 0, 2), pendingOne(5, 'b', 0, 2), pendingOne(6, 'a', 10, 1)))
  t.true(folds(d))
})

test('NOACK holds for what is new, not for what CLAIM takes over', (t) => {
  const d = withGroup(2)
  read(d, 'a', 'COUNT', 1)
  d.clock.advance(5)
  t.is(read(d, 'b', 'NOACK', 'CLAIM', 5), served(detailed(1, 5, 1), detailed(2, 0, 0)))
  t.is(pendingOf(d), array(pendingOne(1, 'b', 0, 2)))
  t.true(folds(d))
})

test('CLAIM is for `>` only: a history is read as ever', (t) => {
  const d = withGroup(1)
  read(d, 'a')
  d.clock.advance(5)
  t.is(d.run('XREADGROUP', 'GROUP', 'g', 'a', 'CLAIM', 1, 'STREAMS', 's', '0'), served(plain(1)))
  t.is(d.run('XREADGROUP', 'GROUP', 'g', 'b', 'CLAIM', 1, 'STREAMS', 's', '0'), served())
  t.is(read(d, 'a', 'CLAIM', 'x'), '-ERR value is not an integer or out of range\r\n')
  t.regex(read(d, 'a', 'CLAIM', '-1'), /^-ERR min-idle-time /)
  t.regex(d.run('XREAD', 'CLAIM', 1, 'STREAMS', 's', '0'), /^-ERR The CLAIM option is only supported by XREADGROUP/)
})

/** What CLAIM is to give, by a walk over all pending entries. */
type Held = { n: number, owner: string, at: number, times: number }

test('random reads with CLAIM, releases and acknowledgements agree with a list that is sorted each time', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 20, max: 200 }), (seed, steps) => {
      const random = seededRandom(seed)
      const pick = (n: number): number => random.u32() % n
      const d = withGroup(0)
      const held: Held[] = []
      let last = 0
      let top = 0
      for (let i = 0; i < steps; i++) {
        d.clock.advance(pick(4))
        const now = d.clock.nowMs()
        const action = pick(6)
        const some = held.filter(() => pick(3) === 0)
        if (action < 2) d.run('XADD', 's', `${++top}-1`, 'f', top)
        else if (action < 4) {
          const consumer = `c${pick(3)}`
          const count = 1 + pick(6)
          const idle = 1 + pick(8)
          const due = held.filter((h) => h.at <= now - idle).toSorted((a, b) => a.at - b.at || a.n - b.n).slice(0, count)
          const entries = due.map((h) => detailed(h.n, now - h.at, h.times))
          for (const h of due) {
            h.owner = consumer
            h.at = now
            h.times++
          }
          for (; entries.length < count && last < top; last++) {
            held.push({ n: last + 1, owner: consumer, at: now, times: 1 })
            entries.push(detailed(last + 1, 0, 0))
          }
          const reply = read(d, consumer, 'COUNT', count, 'CLAIM', idle)
          if (reply !== (entries.length === 0 ? nilArray : served(...entries))) throw new Error(`step ${i}: ${reply}`)
        } else if (some.length === 0) continue
        else if (action === 4) {
          d.run('XACK', 's', 'g', ...some.map((h) => `${h.n}-1`))
          for (const h of some) held.splice(held.indexOf(h), 1)
        } else {
          const reply = d.run('XNACK', 's', 'g', 'SILENT', 'IDS', some.length, ...some.map((h) => `${h.n}-1`))
          if (reply !== int(some.length)) throw new Error(`step ${i}: ${reply}`)
          for (const h of some) {
            h.owner = ''
            h.at = 0
            h.times = Math.max(0, h.times - 1)
          }
        }
        const list = held.toSorted((a, b) => a.n - b.n).map((h) =>
          pendingOne(h.n, h.owner, h.owner === '' ? -1 : d.clock.nowMs() - h.at, h.times))
        if (pendingOf(d) !== array(...list)) throw new Error(`step ${i}: XPENDING differs`)
      }
      if (!folds(d)) return false
      const used = driver().engine.arena.usedBytes
      d.run('DEL', 's')
      return d.engine.arena.usedBytes === used
    }),
    { numRuns: 40 },
  )
  t.pass()
})

test('XNACK gives entries back to nobody; each mode counts deliveries in its own way', (t) => {
  const d = withGroup(5)
  read(d, 'a')
  d.clock.advance(7)
  t.is(d.run('XNACK', 's', 'g', 'SILENT', 'IDS', 2, '1-1', '9-9'), int(1))
  t.is(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 1, '2-1'), int(1))
  t.is(d.run('XNACK', 's', 'g', 'FATAL', 'IDS', 1, '3-1'), int(1))
  t.is(d.run('XNACK', 's', 'g', 'FATAL', 'RETRYCOUNT', 9, 'IDS', 1, '4-1'), int(1))
  t.is(pendingOf(d), array(
    pendingOne(1, '', -1, 0), pendingOne(2, '', -1, 1), pendingOne(3, '', -1, noCount), pendingOne(4, '', -1, 9),
    pendingOne(5, 'a', 7, 1),
  ))
  t.is(d.run('XPENDING', 's', 'g'), array(int(5), bulk('1-1'), bulk('5-1'), array(array(bulk('a'), bulk('1')))))
  t.regex(d.run('XINFO', 'STREAM', 's', 'FULL'), /nacked-count\r\n:4\r\n/)
  t.regex(d.run('XINFO', 'GROUPS', 's'), /consumers\r\n:1\r\n/)
  t.true(folds(d))
})

test('what XNACK gave back is taken at once, whatever the idle time that is asked for, and before what is idle', (t) => {
  const d = withGroup(5)
  read(d, 'a')
  d.clock.advance(1000)
  d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 3, '5-1', '3-1', '4-1')
  const now = d.clock.nowMs()
  t.is(read(d, 'b', 'COUNT', 2, 'CLAIM', 500), served(detailed(3, now, 1), detailed(4, now, 1)))
  t.is(d.run('XCLAIM', 's', 'g', 'b', 999_999, '5-1', 'JUSTID'), array(bulk('5-1')))
  t.is(read(d, 'b', 'CLAIM', 1000), served(detailed(1, 1000, 1), detailed(2, 1000, 1)))
  d.run('XNACK', 's', 'g', 'FATAL', 'IDS', 1, '1-1')
  t.is(d.run('XAUTOCLAIM', 's', 'g', 'c', 999_999, '0', 'JUSTID'), array(bulk('0-0'), array(bulk('1-1')), array()))
  t.is(d.run('XPENDING', 's', 'g', '1-1', '1-1', 1), array(pendingOne(1, 'c', 0, noCount)))
  t.true(folds(d))
})

test('XNACK FORCE makes entries pending that are not, if they stand in the stream', (t) => {
  const d = withGroup(3)
  t.is(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 2, '1-1', '2-1'), int(0))
  t.is(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 2, '1-1', '7-7', 'FORCE'), int(1))
  t.is(d.run('XNACK', 's', 'g', 'FATAL', 'FORCE', 'IDS', 1, '2-1'), int(1))
  t.is(d.run('XNACK', 's', 'g', 'SILENT', 'IDS', 1, '3-1', 'FORCE', 'RETRYCOUNT', 4), int(1))
  t.is(pendingOf(d), array(pendingOne(1, '', -1, 0), pendingOne(2, '', -1, noCount), pendingOne(3, '', -1, 4)))
  t.is(d.run('XACK', 's', 'g', '1-1', '2-1', '3-1'), int(3))
  t.true(folds(d))
})

test('a consumer without a name is somebody, and shares nothing with nobody', (t) => {
  const d = withGroup(3)
  read(d, 'a', 'COUNT', 2)
  d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 1, '1-1')
  t.is(d.run('XGROUP', 'DELCONSUMER', 's', 'g', ''), int(0))
  t.is(d.run('XPENDING', 's', 'g', '-', '+', 10, ''), array())
  t.is(d.run('XGROUP', 'DELCONSUMER', 's', 'g', 'a'), int(1))
  t.is(pendingOf(d), array(pendingOne(1, '', -1, 1)))
  t.true(folds(d))
})

test('XNACK refuses what it can\'t read, and changes nothing then', (t) => {
  const d = withGroup(1)
  read(d, 'a')
  const logged = d.effects.length
  t.is(d.run('XNACK', 's', 'g', 'LOUD', 'IDS', 1, '1-1'), '-ERR mode must be SILENT, FAIL, or FATAL\r\n')
  t.is(d.run('XNACK', 's', 'g', 'FAIL', 'FORCE', 'RETRYCOUNT', 1), syntax)
  t.is(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 1, '1-1', 'NOPE'), syntax)
  t.regex(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 0, '1-1'), /^-ERR Number of IDs /)
  t.regex(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 3, '1-1'), /^-ERR The `numids` parameter /)
  t.regex(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 1, 'x'), /^-ERR Invalid stream ID /)
  t.regex(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 1, '1-1', 'RETRYCOUNT', '-1'), /^-ERR Invalid RETRYCOUNT /)
  t.regex(d.run('XNACK', 's', 'nope', 'FAIL', 'IDS', 1, '1-1'), /^-NOGROUP /)
  t.regex(d.run('XNACK', 'nope', 'g', 'FAIL', 'IDS', 1, '1-1'), /^-NOGROUP /)
  t.is(d.effects.length, logged)
})

const seconds = 1000

test('IDMP: an entry is added once for each id of a producer; who adds it again gets the first one\'s id', (t) => {
  const d = driver()
  const add = (...words: Word[]): string => d.run('XADD', 's', ...words)
  const first = add('IDMP', 'p', 'i', '*', 'f', 1)
  d.clock.advance(5)
  t.is(add('IDMP', 'p', 'i', '*', 'f', 'other'), first)
  t.not(add('IDMP', 'p', 'j', '*', 'f', 1), first)
  t.not(add('IDMP', 'q', 'i', '*', 'f', 1), first)
  t.is(d.run('XLEN', 's'), int(3))
  d.run('XDEL', 's', first.split('\r\n')[1]!)
  t.is(add('IDMP', 'p', 'i', '*', 'f', 1), first)
  t.is(d.run('XADD', 'none', 'NOMKSTREAM', 'IDMP', 'p', 'i', '*', 'f', 1), nil)
  t.true(folds(d))
})

test('IDMPAUTO: the same fields and values in the same order are the same entry, by producer', (t) => {
  const d = driver()
  const add = (producer: string, ...words: Word[]): string => d.run('XADD', 's', 'IDMPAUTO', producer, '*', ...words)
  const first = add('p', 'ab', 'c')
  t.is(add('p', 'ab', 'c'), first)
  for (const other of [['a', 'bc'], ['ab', 'c', 'ab', 'c'], ['c', 'ab'], ['ab', '']]) t.not(add('p', ...other), first)
  t.not(add('q', 'ab', 'c'), first)
  t.is(d.run('XLEN', 's'), int(6))
  t.true(folds(d))
})

test('IDMP forgets by time, and sooner what is more than the stream keeps for a producer', (t) => {
  const d = driver()
  const add = (iid: string): string => d.run('XADD', 's', 'IDMP', 'p', iid, '*', 'f', 'v')
  d.run('XADD', 's', '*', 'f', 'v')
  t.is(d.run('XCFGSET', 's', 'IDMP-DURATION', 10, 'IDMP-MAXSIZE', 2), ok)
  const a = add('a')
  d.clock.advance(10 * seconds - 1)
  t.is(add('a'), a)
  d.clock.advance(1)
  t.not(add('a'), a)
  const b = add('b')
  t.is(add('b'), b)
  add('c')
  t.is(add('b'), b)
  t.is(d.run('XLEN', 's'), int(5))
  add('a')
  t.is(d.run('XLEN', 's'), int(6))
  t.regex(d.run('XINFO', 'STREAM', 's'), new RegExp(['idmp-duration', 10, 'idmp-maxsize', 2, 'pids-tracked', 1, 'iids-tracked', 2,
    'iids-added', 5, 'iids-duplicates', 3].map((word) => typeof word === 'string' ? `\\$\\d+\r\n${word}\r\n` : `:${word}\r\n`).join('')))
  t.true(folds(d))
})

test('IDMP windows outlive a restart: what is found out before is found out after, and nothing longer', (t) => {
  const d = driver()
  d.run('XADD', 's', '*', 'f', 'v')
  d.run('XCFGSET', 's', 'IDMP-DURATION', 60)
  const first = d.run('XADD', 's', 'IDMP', 'p', 'i', '*', 'f', 'v')
  const auto = d.run('XADD', 's', 'IDMPAUTO', 'p', '*', 'f', 'v')
  const log = d.effects.slice()
  for (const [laterMs, known] of [[59 * seconds, true], [60 * seconds, false]] as const) {
    const again = driver(7, d.clock.nowMs())
    again.engine.replaying = true
    for (const effect of log) again.replay(effect)
    again.engine.replaying = false
    again.clock.advance(laterMs)
    t.is(again.run('XADD', 's', 'IDMP', 'p', 'i', '*', 'f', 'v') === first, known)
    t.is(again.run('XADD', 's', 'IDMPAUTO', 'p', '*', 'f', 'v') === auto, known)
  }
})

test('XCFGSET with other bounds forgets all ids, with the same ones none', (t) => {
  const d = driver()
  const add = (): string => d.run('XADD', 's', 'IDMP', 'p', 'i', '*', 'f', 'v')
  const first = add()
  t.is(d.run('XCFGSET', 's', 'IDMP-DURATION', 100, 'IDMP-MAXSIZE', 100), ok)
  t.is(add(), first)
  t.is(d.run('XCFGSET', 's', 'IDMP-MAXSIZE', 99), ok)
  t.not(add(), first)
  t.true(folds(d))
})

test('XADD IDMP and XCFGSET refuse what they can\'t read, and change nothing then', (t) => {
  const d = driver()
  d.run('XADD', 's', '1-1', 'f', 'v')
  d.run('SET', 'str', 'v')
  const logged = d.effects.length
  const auto = '-ERR IDMP/IDMPAUTO can be used only with auto-generated IDs\r\n'
  t.is(d.run('XADD', 's', 'IDMP', 'p', 'i', '5-5', 'f', 'v'), auto)
  t.is(d.run('XADD', 's', 'IDMPAUTO', 'p', '5-*', 'f', 'v'), auto)
  t.regex(d.run('XADD', 's', 'IDMP', '', 'i', '*', 'f', 'v'), /^-ERR /)
  t.regex(d.run('XADD', 's', 'IDMP', 'p', '', '*', 'f', 'v'), /^-ERR /)
  t.regex(d.run('XADD', 's', 'IDMPAUTO', 'p', 'IDMP', 'p', 'i', '*', 'f', 'v'), /^-ERR /)
  t.regex(d.run('XADD', 's', 'IDMP', 'p', 'i', '*', 'f'), /^-ERR wrong number of arguments/)
  t.regex(d.run('XADD', 'str', 'IDMP', 'p', 'i', '*', 'f', 'v'), /^-WRONGTYPE /)
  t.is(d.run('XCFGSET', 's'), syntax)
  t.is(d.run('XCFGSET', 's', 'IDMP-DURATION'), syntax)
  t.is(d.run('XCFGSET', 's', 'DURATION', 5), syntax)
  for (const n of ['0', '86401', 'x']) t.is(d.run('XCFGSET', 's', 'IDMP-DURATION', n), '-ERR invalid duration\r\n')
  for (const n of ['0', '10001', 'x']) t.is(d.run('XCFGSET', 's', 'IDMP-MAXSIZE', n), '-ERR invalid maxsize\r\n')
  t.is(d.run('XCFGSET', 'none', 'IDMP-DURATION', 5), '-ERR no such key\r\n')
  t.regex(d.run('XCFGSET', 'str', 'IDMP-DURATION', 5), /^-WRONGTYPE /)
  t.is(d.effects.length, logged)
})

test('XIDMPRECORD gives an entry that stands an id of its producer, once', (t) => {
  const d = driver()
  d.run('XADD', 's', '1-1', 'f', 'v')
  d.run('XADD', 's', '2-1', 'f', 'v')
  t.is(d.run('XIDMPRECORD', 's', 'p', 'i', '1-1'), ok)
  t.is(d.run('XIDMPRECORD', 's', 'p', 'i', '1-1'), ok)
  for (const words of ['s p i 2-1', 's p j 3-1', 's  j 1-1', 's p  1-1', 'none p i 1-1', 's p j x']) {
    t.regex(d.run('XIDMPRECORD', ...words.split(' ')), /^-ERR /, words)
  }
  t.is(d.run('XADD', 's', 'IDMP', 'p', 'i', '*', 'f', 'v'), bulk('1-1'))
  t.true(folds(d))
})

test('random producers agree with a list of all they added; the log folds to the same state, nothing leaks', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }), (seed, idsMax, durationSeconds) => {
      const random = seededRandom(seed)
      const pick = (n: number): number => random.u32() % n
      const d = driver(seed)
      const empty = d.engine.arena.usedBytes
      d.run('XADD', 's', '*', 'f', 'v')
      d.run('XCFGSET', 's', 'IDMP-DURATION', durationSeconds, 'IDMP-MAXSIZE', idsMax)
      const added: { pid: string, iid: string, ms: number, reply: string }[] = []
      for (let i = 0; i < 200; i++) {
        d.clock.advance(pick(400))
        const now = d.clock.nowMs()
        const pid = `p${pick(3)}`
        const iid = `i${pick(8)}`
        const known = added.filter((one) => one.pid === pid).slice(-idsMax)
          .find((one) => one.iid === iid && one.ms + durationSeconds * seconds > now)
        const reply = d.run('XADD', 's', 'IDMP', pid, iid, 'MAXLEN', 10, '*', 'f', 'v')
        if (known !== undefined && reply !== known.reply) throw new Error(`step ${i}: added twice`)
        if (known === undefined && added.some((one) => one.reply === reply)) throw new Error(`step ${i}: not added`)
        if (known === undefined) added.push({ pid, iid, ms: now, reply })
      }
      if (!folds(d)) throw new Error('the log folds to another state')
      const digest = stateDigest(d.engine)
      d.run('COPY', 's', 'twin')
      d.run('DEL', 's')
      d.run('RENAME', 'twin', 's')
      if (stateDigest(d.engine) !== digest) throw new Error('a copy is another state')
      d.run('DEL', 's')
      return d.engine.arena.usedBytes === empty
    }),
    { numRuns: 40 },
  )
  t.pass()
})
