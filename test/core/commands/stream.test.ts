// Streams and groups through the engine against a naive model, and fold(log) = views.

import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { seededRandom } from '../../../core/random.ts'
import type { Random } from '../../../core/random.ts'
import { array, bulk, driver, fold, int, nil, ok } from './driver.ts'
import type { Driver } from './driver.ts'
import { compare, parse, StreamModel, text } from './stream-model.ts'
import type { Id } from './stream-model.ts'

const top = 2n ** 64n - 1n
const consumers = ['ann', 'bob', 'cleo']

function entryReply(entry: { id: Id; words: string[] }): string {
  return array(bulk(text(entry.id)), array(...entry.words.map((word) => bulk(word))))
}

function expect(reply: string, wanted: string, what: string): void {
  if (reply !== wanted) throw new Error(`${what}\n got ${JSON.stringify(reply)}\nwant ${JSON.stringify(wanted)}`)
}

/** The first group's lag, undefined for nil. */
function lagTold(d: Driver): number | undefined {
  const told = /lag\r\n(?::(-?\d+)|\$-1)\r\n/.exec(d.run('XINFO', 'GROUPS', 's'))!
  return told[1] === undefined ? undefined : Number(told[1])
}

/** One random step on the stream `s`, on both; throws where the replies differ. */
function step(d: Driver, m: StreamModel, random: Random, extreme: boolean): void {
  const pick = (n: number): number => random.u32() % n
  const someId = (): string => {
    if (m.entries.length > 0 && pick(4) > 0) return text(m.entries[pick(m.entries.length)]!.id)
    return `${pick(200)}-${pick(3)}`
  }
  d.clock.advance(pick(50))
  const now = d.clock.nowMs()
  const lag = lagTold(d)
  const behind = m.entries.filter((entry) => compare(entry.id, m.groups.get('g')!.last) > 0).length
  if (lag !== undefined && lag !== behind) throw new Error(`a lag of ${lag}, where ${behind} entries are to be read`)
  switch (pick(12)) {
    case 0: case 1: case 2: case 3: {
      const words = pick(3) > 0 ? ['f', 'x'.repeat(pick(90)), 'g', String(pick(1000))] : [`h${pick(3)}`, '']
      const room = top - m.last[0]
      const ahead = extreme ? BigInt(pick(1000)) * (room / 4000n + 1n) : BigInt(pick(3))
      const id: Id = [m.last[0] + ahead > top ? top : m.last[0] + ahead, pick(3) === 0 ? top : BigInt(pick(5))]
      if (id[0] === 0n && id[1] === 0n) return
      const added = m.last[0] === top && m.last[1] === top ? false : m.add(id, words)
      const reply = d.run('XADD', 's', text(id), ...words)
      if (added) expect(reply, bulk(text(id)), 'XADD')
      else if (!reply.startsWith('-ERR The ')) throw new Error(`XADD ${text(id)} after ${text(m.last)}: ${reply}`)
      break
    }
    case 4: {
      const ids = [someId(), someId()]
      expect(d.run('XDEL', 's', ...ids), int(m.delete(ids.map((id) => parse(id)))), `XDEL ${ids.join(' ')}`)
      break
    }
    case 5: {
      const length = pick(Math.max(1, m.entries.length + 3))
      const kind = pick(4)
      if (kind === 0) expect(d.run('XTRIM', 's', 'MAXLEN', length), int(m.trimToLength(length)), 'XTRIM MAXLEN')
      else if (kind === 1) {
        const id = someId()
        expect(d.run('XTRIM', 's', 'MINID', id), int(m.trimBelow(parse(id))), `XTRIM MINID ${id}`)
      }
      break
    }
    case 6: {
      // Approximate trimming takes whole blocks: what is left is a suffix of at least the asked length.
      const before = m.entries.length
      const removed = Number(d.run('XTRIM', 's', 'MAXLEN', '~', 5).slice(1))
      if (before - removed < Math.min(5, before)) throw new Error(`XTRIM ~ took ${removed} of ${before}`)
      m.trimToLength(before - removed)
      break
    }
    case 7: case 8: {
      const by = consumers[pick(3)]!
      const count = 1 + pick(6)
      const delivered = m.deliver('g', by, count, now)
      const entries = delivered.map((id) => entryReply(m.entries.find((e) => text(e.id) === id)!))
      const wanted = delivered.length === 0 ? '*-1\r\n' : array(array(bulk('s'), array(...entries)))
      expect(d.run('XREADGROUP', 'GROUP', 'g', by, 'COUNT', count, 'STREAMS', 's', '>'), wanted, 'XREADGROUP >')
      break
    }
    case 9: {
      const group = m.groups.get('g')!
      const ids = [...group.pending.keys()].filter(() => pick(3) === 0)
      ids.push(someId())
      const acknowledged = ids.filter((id) => group.pending.delete(id)).length
      expect(d.run('XACK', 's', 'g', ...ids), int(acknowledged), 'XACK')
      break
    }
    case 10: {
      const ids = [...new Set([...m.pendingIds('g').filter(() => pick(3) === 0), someId()])]
      const by = consumers[pick(3)]!
      const claimed = m.claim('g', by, pick(40), [], now)
      const minIdle = pick(40)
      claimed.push(...m.claim('g', by, minIdle, ids, now))
      expect(d.run('XCLAIM', 's', 'g', by, minIdle, ...ids, 'JUSTID'), array(...claimed.map((id) => bulk(id))), 'XCLAIM')
      // JUSTID leaves the number of deliveries alone.
      for (const id of claimed) m.groups.get('g')!.pending.get(id)!.count--
      break
    }
    default: {
      const from = someId()
      const count = 1 + pick(5)
      const all = m.entries.filter((e) => compare(e.id, parse(from)) >= 0)
      expect(d.run('XRANGE', 's', from, '+', 'COUNT', count), array(...all.slice(0, count).map(entryReply)), 'XRANGE')
      const back = m.entries.filter((e) => compare(e.id, parse(from)) <= 0).toReversed()
      const wanted = array(...back.slice(0, count).map(entryReply))
      expect(d.run('XREVRANGE', 's', from, '-', 'COUNT', count), wanted, 'XREVRANGE')
    }
  }
}

function whole(d: Driver, m: StreamModel): void {
  const wanted = array(...m.entries.map(entryReply))
  if (d.run('XRANGE', 's', '-', '+') !== wanted) throw new Error('XRANGE - + differs')
  if (d.run('XREVRANGE', 's', '+', '-') !== array(...m.entries.toReversed().map(entryReply))) throw new Error('XREVRANGE')
  if (d.run('XLEN', 's') !== int(m.entries.length)) throw new Error('XLEN')
  const pending = m.groups.get('g')!.pending
  const now = d.clock.nowMs()
  const list = m.pendingIds('g').map((id) => {
    const p = pending.get(id)!
    return array(bulk(id), bulk(p.consumer), int(now - p.delivered), int(p.count))
  })
  if (d.run('XPENDING', 's', 'g', '-', '+', 100_000) !== array(...list)) throw new Error('XPENDING differs')
  const engine = d.engine
  engine.groups.check(engine.stream.groups)
  engine.stream.check()
  engine.arena.check()
}

for (const [name, entriesMax, extreme] of [
  ['blocks of one entry', 1, false],
  ['blocks of three entries', 3, false],
  ['blocks of default size', 100, false],
  ['ids up to 2^64-1', 4, true],
] as const) {
  test(`random commands agree with the model, the log folds to the same state, nothing leaks: ${name}`, (t) => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 20, max: 400 }), (seed, steps) => {
        const d = driver(seed)
        d.engine.settings.streamNodeEntriesMax = entriesMax
        const empty = d.engine.arena.usedBytes
        const random = seededRandom(seed)
        const m = new StreamModel()
        d.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
        m.groups.set('g', { last: [0n, 0n], consumers: new Set(), pending: new Map() })
        for (let i = 0; i < steps; i++) step(d, m, random, extreme)
        whole(d, m)
        const digest = stateDigest(d.engine)
        if (stateDigest(fold(d.effects)) !== digest) throw new Error('the log folds to another state')
        if (stateDigest(fold(d.effects.slice(0, 30), 5)) !== stateDigest(fold(d.effects.slice(0, 30), 9))) return false
        d.run('COPY', 's', 'twin')
        d.run('DEL', 's')
        d.run('RENAME', 'twin', 's')
        whole(d, m)
        if (stateDigest(d.engine) !== digest) throw new Error('a copy is another state')
        d.run('FLUSHALL')
        d.engine.arena.check()
        return d.engine.arena.usedBytes === empty
      }),
      { numRuns: 25 },
    )
    t.pass()
  })
}

test('XADD * takes the clock, and counts on from an id that is ahead of it', (t) => {
  const d = driver()
  const now = d.clock.nowMs()
  t.is(d.run('XADD', 's', '*', 'a', 'b'), bulk(`${now}-0`))
  t.is(d.run('XADD', 's', '*', 'a', 'b'), bulk(`${now}-1`))
  t.is(d.run('XADD', 's', `${now + 5}-*`, 'a', 'b'), bulk(`${now + 5}-0`))
  t.is(d.run('XADD', 's', '*', 'a', 'b'), bulk(`${now + 5}-1`))
  t.is(d.run('XADD', 'other', 'NOMKSTREAM', '*', 'a', 'b'), nil)
  t.deepEqual(d.effects.map((e) => e.command.toString().split('\r\n')[6]), [
    `${now}-0`, `${now}-1`, `${now + 5}-0`, `${now + 5}-1`,
  ])
})

test('a lag is told where it can be known behind deleted and trimmed entries, and is right then', (t) => {
  const d = driver()
  const read = (count: number): string => d.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', count, 'STREAMS', 's', '>')
  const begin = (): void => {
    d.run('DEL', 's')
    for (let i = 1; i <= 5; i++) d.run('XADD', 's', `${i}-1`, 'a', 'b')
    d.run('XGROUP', 'CREATE', 's', 'g', '0')
  }
  const lags = (...steps: (() => unknown)[]): (number | undefined)[] => {
    begin()
    return steps.map((step) => {
      step()
      return lagTold(d)
    })
  }
  const xdel = (...ids: string[]) => () => d.run('XDEL', 's', ...ids)
  const trim = (length: number) => () => d.run('XTRIM', 's', 'MAXLEN', length)

  // What was deleted before the first entry was never read; what lies behind the group may hide what was read.
  t.deepEqual(lags(() => read(2), xdel('1-1'), xdel('2-1'), xdel('3-1')), [3, 3, 3, 2])
  t.deepEqual(lags(() => read(2), xdel('4-1'), () => read(1), () => read(1)), [3, undefined, undefined, 0])
  t.deepEqual(lags(() => read(1), trim(1), () => read(1), () => read(1)), [4, 1, 0, 0])
  t.deepEqual(lags(() => read(1), xdel('4-1'), trim(1), () => read(1)), [4, undefined, 1, 0])
  t.deepEqual(lags(xdel('5-1'), trim(1), trim(0)), [undefined, undefined, 0])
})

test('a group read is one effect for each stream, bounded by what it delivered', (t) => {
  const d = driver()
  for (let i = 1; i <= 5; i++) d.run('XADD', 's', `${i}-1`, 'a', 'b')
  t.is(d.run('XGROUP', 'CREATE', 's', 'g', '0'), ok)
  d.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 3, 'STREAMS', 's', '>')
  const last = d.effects.at(-1)!.command.toString()
  t.is(last, '*9\r\n$10\r\nXREADGROUP\r\n$5\r\nGROUP\r\n$1\r\ng\r\n$1\r\nc\r\n$5\r\nCOUNT\r\n$1\r\n3\r\n' +
    '$7\r\nSTREAMS\r\n$1\r\ns\r\n$1\r\n>\r\n')
  t.is(d.effects.length, 7)
})

const oneEntry = (n: number): string => array(array(bulk('s'), array(array(bulk(`${n}-1`), array(bulk('n'), bulk(String(n)))))))

test('+ is the last entry for XREAD, whatever COUNT says and what was deleted behind it; a group has no use for it', (t) => {
  const d = driver()
  const last = (): string => d.run('XREAD', 'COUNT', 5, 'STREAMS', 's', '+')
  t.is(last(), '*-1\r\n')
  for (const n of [1, 2, 3]) d.run('XADD', 's', `${n}-1`, 'n', n)
  t.is(last(), oneEntry(3))
  d.run('XDEL', 's', '3-1')
  t.is(last(), oneEntry(2))
  d.run('XGROUP', 'CREATE', 's', 'g', '0')
  for (const sign of ['$', '+']) {
    t.true(d.run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', sign).startsWith(`-ERR The ${sign} ID is meaningless`), sign)
  }
})

test('steady work on a stream does not grow the arena', (t) => {
  const d = driver()
  d.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  const round = (): void => {
    for (let i = 0; i < 300; i++) d.run('XADD', 's', 'MAXLEN', '~', 500, '*', 'data', 'x'.repeat(100))
    const ids = d.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 300, 'STREAMS', 's', '>').match(/\d+-\d+/g)!
    d.run('XACK', 's', 'g', ...ids)
    d.clock.advance(10)
  }
  for (let i = 0; i < 5; i++) round()
  const used = d.engine.arena.usedBytes
  for (let i = 0; i < 60; i++) round()
  t.true(d.engine.arena.usedBytes < used + 20_000, `${used} → ${d.engine.arena.usedBytes}`)
})

test('memory: 100,000 entries with 64 bytes of data, all pending, cost less than in redis-server', (t) => {
  const d = driver()
  d.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  const empty = d.engine.arena.usedBytes
  for (let i = 0; i < 100_000; i++) {
    d.clock.advance(1)
    d.run('XADD', 's', '*', 'data', 'x'.repeat(64))
  }
  const perEntry = (d.engine.arena.usedBytes - empty) / 100_000
  // redis-server 7.0.15 reports 86 bytes an entry for these (MEMORY USAGE s SAMPLES 0).
  t.true(perEntry < 86, `${perEntry} bytes an entry`)
  d.run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>')
  const perPending = (d.engine.arena.usedBytes - empty) / 100_000 - perEntry
  t.true(perPending < 80, `${perPending} bytes a pending entry`)
})
