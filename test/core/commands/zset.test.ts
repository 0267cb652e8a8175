// Sorted set commands through the engine: every kind of range against a naive model, the shapes of replies, events.
import fc from 'fast-check'
import test from 'ava'
import { formatDouble } from '../../../core/double.ts'
import { ZsetModel } from '../types/zset-model.ts'
import type { Item } from '../types/zset-model.ts'
import { array, bulk, driver, int, nil } from './driver.ts'
import type { Driver } from './driver.ts'

const flat = (items: readonly Item[], withScores = true): string =>
  array(...items.flatMap(({ member, score }) => withScores ? [bulk(member), bulk(formatDouble(score))] : [bulk(member)]))

/** Fills `z` and a model alike. */
function fill(pairs: readonly (readonly [number, string])[], entriesMax: number): { d: Driver; model: ZsetModel } {
  const d = driver()
  d.engine.settings.zsetPackEntriesMax = entriesMax
  const model = new ZsetModel()
  for (const [score, member] of pairs) {
    d.run('ZADD', 'z', formatDouble(score), member)
    model.set(member, score)
  }
  return { d, model }
}

const member = fc.oneof(
  fc.constantFrom('', 'a', 'ab', 'b', '10', '9', '\xff', 'x'.repeat(64)), fc.integer({ min: 0, max: 99 }).map((n) => `m${n}`),
)
const score = fc.oneof(fc.integer({ min: -4, max: 9 }), fc.constantFrom(Infinity, -Infinity, 0.5, 1.25, 1e20, -3.7, 12.99))
const pairs = fc.array(fc.tuple(score, member), { minLength: 1, maxLength: 40 })
const thresholds = fc.constantFrom(0, 5, 128)
const rank = fc.integer({ min: -45, max: 45 })
const bound = fc.record({ value: score, open: fc.boolean() })
const cut = fc.record({ offset: fc.integer({ min: -1, max: 30 }), count: fc.integer({ min: -1, max: 12 }) })
const limit = fc.option(cut, { nil: undefined })
type Limit = { offset: number; count: number } | undefined

const limited = (items: readonly Item[], by: Limit): Item[] => {
  if (by === undefined) return [...items]
  if (by.offset < 0) return []
  return items.slice(by.offset, by.count < 0 ? undefined : by.offset + by.count)
}
const limitWords = (by: Limit): (string | number)[] => by === undefined ? [] : ['LIMIT', by.offset, by.count]
const boundWord = (one: { value: number; open: boolean }): string => (one.open ? '(' : '') + formatDouble(one.value)

test('ranges of ranks and scores, forward and backward, with limits, agree with a plain array', (t) => {
  const questions = fc.array(fc.record({ rank, other: rank, bound, top: bound, limit }), { maxLength: 8 })
  fc.assert(fc.property(pairs, thresholds, questions, (list, entries, asks) => {
    const { d, model } = fill(list, entries)
    const size = model.items.length
    for (const ask of asks) {
      const from = ask.rank < 0 ? Math.max(0, ask.rank + size) : ask.rank
      const to = ask.other < 0 ? ask.other + size : ask.other
      const slice = (items: readonly Item[]): Item[] => to < from ? [] : items.slice(from, to + 1)
      t.is(d.run('ZRANGE', 'z', ask.rank, ask.other, 'WITHSCORES'), flat(slice(model.items)))
      t.is(d.run('ZREVRANGE', 'z', ask.rank, ask.other), flat(slice(model.items.toReversed()), false))
      t.is(d.run('ZRANGE', 'z', ask.rank, ask.other, 'REV'), flat(slice(model.items.toReversed()), false))

      const [min, max] = [boundWord(ask.bound), boundWord(ask.top)]
      const within = model.between(ask.bound.value, ask.bound.open, ask.top.value, ask.top.open)
      const words = limitWords(ask.limit)
      t.is(d.run('ZCOUNT', 'z', min, max), int(within.length))
      t.is(d.run('ZRANGEBYSCORE', 'z', min, max, 'WITHSCORES', ...words), flat(limited(within, ask.limit)))
      t.is(d.run('ZRANGE', 'z', min, max, 'BYSCORE', ...words), flat(limited(within, ask.limit), false))
      t.is(d.run('ZREVRANGEBYSCORE', 'z', max, min, ...words), flat(limited(within.toReversed(), ask.limit), false))
      t.is(d.run('ZRANGE', 'z', max, min, 'REV', 'WITHSCORES', 'BYSCORE', ...words), flat(limited(within.toReversed(), ask.limit)))
      t.is(d.run('ZRANGESTORE', 'copy', 'z', min, max, 'BYSCORE', ...words), int(limited(within, ask.limit).length))
      t.is(d.run('ZRANGE', 'copy', 0, -1, 'WITHSCORES'), flat(limited(within, ask.limit)))
    }
    for (const [i, item] of model.items.entries()) {
      t.is(d.run('ZRANK', 'z', item.member, 'WITHSCORE'), array(int(i), bulk(formatDouble(item.score))))
      t.is(d.run('ZREVRANK', 'z', item.member), int(size - 1 - i))
    }
  }), { numRuns: 60 })
})

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
/** Whether a member is in a range that begins, or ends, with this bound. */
const above = (text: string, low: string): boolean =>
  low === '-' || (low !== '+' && (low[0] === '[' ? compare(text, low.slice(1)) >= 0 : compare(text, low.slice(1)) > 0))
const below = (text: string, high: string): boolean =>
  high === '+' || (high !== '-' && (high[0] === '[' ? compare(text, high.slice(1)) <= 0 : compare(text, high.slice(1)) < 0))

test('a limit that skips more than the range holds gives nothing, in either direction and encoding', (t) => {
  for (const entries of [0, 128]) {
    const { d } = fill(Array.from({ length: 100 }, (_, i) => [i, `m${i}`] as const), entries)
    for (const offset of [10, 11, 15, 16, 17, 18, 30, 60, 99, 100]) {
      const left = Array.from({ length: Math.max(0, 11 - offset) }, (_, i) => i + offset)
      t.is(d.run('ZRANGEBYSCORE', 'z', 20, 30, 'LIMIT', offset, -1), array(...left.map((i) => bulk(`m${20 + i}`))))
      t.is(d.run('ZREVRANGEBYSCORE', 'z', 30, 20, 'LIMIT', offset, -1), array(...left.map((i) => bulk(`m${30 - i}`))))
    }
  }
})

test('ranges of members, where all scores are alike, agree with a plain array', (t) => {
  const end = fc.oneof(fc.constantFrom('-', '+'), fc.tuple(fc.constantFrom('[', '('), member).map(([sign, text]) => sign + text))
  const members = fc.array(member, { minLength: 1, maxLength: 30 })
  fc.assert(fc.property(members, thresholds, end, end, limit, (list, entries, low, high, by) => {
    const { d, model } = fill(list.map((text) => [7, text] as const), entries)
    const within = model.items.filter((item) => above(item.member, low) && below(item.member, high))
    t.is(d.run('ZLEXCOUNT', 'z', low, high), int(within.length))
    t.is(d.run('ZRANGEBYLEX', 'z', low, high, ...limitWords(by)), flat(limited(within, by), false))
    t.is(d.run('ZREVRANGEBYLEX', 'z', high, low, ...limitWords(by)), flat(limited(within.toReversed(), by), false))
    t.is(d.run('ZREMRANGEBYLEX', 'z', low, high), int(within.length))
    t.is(d.run('ZRANGE', 'z', 0, -1), flat(model.items.filter((item) => !within.includes(item)), false))
  }), { numRuns: 200 })
})

test('unions, intersections and differences of sorted sets and sets agree with maps', (t) => {
  const source = fc.array(fc.tuple(fc.integer({ min: -3, max: 9 }), fc.integer({ min: 0, max: 12 }).map(String)), { maxLength: 14 })
  fc.assert(fc.property(source, source, source, thresholds, fc.constantFrom('SUM', 'MIN', 'MAX'), (one, two, members, entries, how) => {
    const d = driver()
    d.engine.settings.zsetPackEntriesMax = entries
    for (const [value, name] of one) d.run('ZADD', 'a', value, name)
    for (const [value, name] of two) d.run('ZADD', 'b', value, name)
    for (const [, name] of members) d.run('SADD', 'c', name)
    const maps = [new Map(one.map(([value, name]) => [name, value])), new Map(two.map(([value, name]) => [name, value * 2])),
      new Map(members.map(([, name]) => [name, 3]))]
    const join = (values: number[]): number =>
      how === 'MIN' ? Math.min(...values) : how === 'MAX' ? Math.max(...values) : values.reduce((sum, value) => sum + value)
    const union = new ZsetModel()
    const common = new ZsetModel()
    for (const name of new Set(maps.flatMap((map) => [...map.keys()]))) {
      const values = maps.map((map) => map.get(name)).filter((value) => value !== undefined)
      union.set(name, join(values))
      if (values.length === 3) common.set(name, join(values))
    }
    const words = ['3', 'a', 'b', 'c', 'WEIGHTS', '1', '2', '3', 'AGGREGATE', how]
    t.is(d.run('ZUNION', ...words, 'WITHSCORES'), flat(union.items))
    t.is(d.run('ZINTER', ...words, 'WITHSCORES'), flat(common.items))
    t.is(d.run('ZINTERCARD', '3', 'a', 'b', 'c'), int(common.items.length))
    t.is(d.run('ZINTERCARD', '3', 'a', 'b', 'c', 'LIMIT', '2'), int(Math.min(2, common.items.length)))
    t.is(d.run('ZUNIONSTORE', 'a', ...words), int(union.items.length))
    t.is(d.run('ZRANGE', 'a', 0, -1, 'WITHSCORES'), flat(union.items))
    const left = union.items.filter((item) => !maps[1]!.has(item.member) && !maps[2]!.has(item.member))
    t.is(d.run('ZDIFF', '3', 'a', 'b', 'c', 'WITHSCORES'), flat(left))
    t.is(d.run('ZDIFFSTORE', 'b', '3', 'a', 'b', 'c'), int(left.length))
    t.is(d.run('ZRANGE', 'b', 0, -1, 'WITHSCORES'), flat(left))
  }), { numRuns: 150 })
})

/** A member and its score as RESP3 shows them. */
const pair = (text: string, value: string): string => array(bulk(text), `,${value}\r\n`)

test('RESP3: scores are doubles, and pairs stand together', (t) => {
  const d = driver()
  d.session.resp = 3
  d.run('ZADD', 'z', 1, 'a', '2.5', 'b', 'inf', 'c')
  t.is(d.run('ZRANGE', 'z', 0, -1, 'WITHSCORES'), array(pair('a', '1'), pair('b', '2.5'), pair('c', 'inf')))
  t.is(d.run('ZRANGEBYSCORE', 'z', 2, '+inf', 'WITHSCORES'), array(pair('b', '2.5'), pair('c', 'inf')))
  t.is(d.run('ZSCORE', 'z', 'b'), ',2.5\r\n')
  t.is(d.run('ZMSCORE', 'z', 'a', 'no'), array(',1\r\n', '_\r\n'))
  t.is(d.run('ZADD', 'z', 'INCR', '0.25', 'b'), ',2.75\r\n')
  t.is(d.run('ZADD', 'z', 'NX', 'INCR', '0.25', 'b'), '_\r\n')
  t.is(d.run('ZINCRBY', 'z', 2, 'a'), ',3\r\n')
  t.is(d.run('ZRANK', 'z', 'a', 'WITHSCORE'), array(int(1), ',3\r\n'))
  t.is(d.run('ZRANK', 'z', 'no', 'WITHSCORE'), '_\r\n')
  t.is(d.run('ZUNION', '1', 'z', 'WITHSCORES'), array(pair('b', '2.75'), pair('a', '3'), pair('c', 'inf')))
  t.is(d.run('ZRANDMEMBER', 'z', 9, 'WITHSCORES'), array(pair('c', 'inf'), pair('a', '3'), pair('b', '2.75')))
  t.is(d.run('ZPOPMIN', 'z'), array(bulk('b'), ',2.75\r\n'))
  t.is(d.run('ZPOPMIN', 'z', 1), array(pair('a', '3')))
  t.is(d.run('ZMPOP', 1, 'z', 'MAX'), array(bulk('z'), array(pair('c', 'inf'))))
  t.is(d.run('ZPOPMAX', 'z', 3), '*0\r\n')
  t.is(d.run('ZMPOP', 1, 'z', 'MAX'), '_\r\n')
})

test('in RESP2 a rank with a score that is absent is a null array', (t) => {
  const d = driver()
  t.is(d.run('ZRANK', 'z', 'a', 'WITHSCORE'), '*-1\r\n')
  t.is(d.run('ZRANK', 'z', 'a'), nil)
  t.is(d.run('ZRANK', 'z', 'a', 'WITHSCORES'), '-ERR syntax error\r\n')
  t.is(d.run('ZRANK', 'z', 'a', 'WITHSCORE', 'x'), '-ERR wrong number of arguments for \'zrank\' command\r\n')
})

test('encodings change where Redis 7.4 changes them', (t) => {
  const d = driver()
  const encoding = (key: string): string => d.run('OBJECT', 'ENCODING', key).split('\r\n')[1]!
  d.run('ZADD', 'z', ...Array.from({ length: 128 }, (_, i) => [String(i), `m${i}`]).flat())
  t.is(encoding('z'), 'listpack')
  d.run('ZADD', 'z', 5, 'm5')
  t.is(encoding('z'), 'listpack')
  d.run('ZADD', 'z', 5, 'one more')
  t.is(encoding('z'), 'skiplist')
  d.run('ZREMRANGEBYRANK', 'z', 0, 100)
  t.is(encoding('z'), 'skiplist')
  d.run('ZADD', 'long', 1, 'x'.repeat(64))
  t.is(encoding('long'), 'listpack')
  d.run('ZADD', 'long', 1, 'x'.repeat(65))
  t.is(encoding('long'), 'skiplist')
  // As many as that are named at once, be they there or not.
  d.run('ZADD', 'same', 1, 'a')
  d.run('ZADD', 'same', ...Array.from({ length: 129 }, () => ['1', 'a']).flat())
  t.is(encoding('same'), 'skiplist')
  d.run('ZUNIONSTORE', 'stored', 1, 'z')
  t.is(encoding('stored'), 'listpack')
  d.run('ZUNIONSTORE', 'stored', 2, 'z', 'long')
  t.is(encoding('stored'), 'skiplist')
  d.run('ZRANGESTORE', 'stored', 'z', 0, 5)
  t.is(encoding('stored'), 'listpack')
})

test('each change has its event, and one touch of its key; what changes nothing has none', (t) => {
  const d = driver()
  const seen: string[] = []
  d.engine.onEvent = (kind, event, _, buf, from, to) => {
    if (kind !== 'n' && kind !== 'm') seen.push(`${kind} ${event} ${Buffer.from(buf.subarray(from, to)).toString()}`)
  }
  d.engine.onTouch = (_, buf, from, to) => seen.push(`touch ${Buffer.from(buf.subarray(from, to)).toString()}`)
  const check = (wanted: string[], ...words: (string | number)[]): void => {
    seen.length = 0
    d.run(...words)
    t.deepEqual(seen, wanted, words.join(' '))
  }
  check(['touch z', 'z zadd z'], 'ZADD', 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd', 5, 'e', 6, 'f', 7, 'g')
  check([], 'ZADD', 'z', 1, 'a')
  check([], 'ZADD', 'z', 'NX', 9, 'a')
  check(['touch z', 'z zincr z'], 'ZINCRBY', 'z', 1, 'a')
  check(['touch z', 'z zincr z'], 'ZADD', 'z', 'INCR', -1, 'a')
  check([], 'ZADD', 'z', 'XX', 9, 'none')
  check(['touch z', 'z zrem z'], 'ZREM', 'z', 'a', 'none')
  check([], 'ZREM', 'z', 'none')
  check(['touch z', 'z zpopmin z'], 'ZPOPMIN', 'z')
  check(['touch z', 'z zpopmax z'], 'ZMPOP', 1, 'z', 'MAX')
  check(['touch z', 'z zpopmax z'], 'BZPOPMAX', 'z', 0)
  check(['touch s', 'z zrangestore s'], 'ZRANGESTORE', 's', 'z', 0, -1)
  check(['touch s', 'z zunionstore s'], 'ZUNIONSTORE', 's', 1, 'z')
  check(['touch s', 'z zinterstore s'], 'ZINTERSTORE', 's', 1, 'z')
  check(['touch s', 'z zdiffstore s'], 'ZDIFFSTORE', 's', 1, 'z')
  check(['touch s', 'g del s'], 'ZDIFFSTORE', 's', 2, 'z', 'z')
  check([], 'ZDIFFSTORE', 's', 2, 'z', 'z')
  check(['touch z', 'z zremrangebyrank z'], 'ZREMRANGEBYRANK', 'z', 0, 0)
  check(['touch z', 'z zremrangebyscore z'], 'ZREMRANGEBYSCORE', 'z', '-inf', 4)
  check(['touch z', 'z zremrangebylex z', 'g del z'], 'ZREMRANGEBYLEX', 'z', '-', '+')
  check([], 'ZREMRANGEBYLEX', 'z', '-', '+')
})

test('random members: all different when they should be, each as likely as the others, from any encoding', (t) => {
  for (const entries of [0, 128]) {
    const d = driver(11)
    d.engine.settings.zsetPackEntriesMax = entries
    for (let i = 0; i < 20; i++) d.run('ZADD', 'z', i, `m${i}`)
    const counts = new Map<string, number>()
    for (let n = 0; n < 4000; n++) {
      const texts = d.run('ZRANDMEMBER', 'z', 5).split('\r\n').filter((line) => line.startsWith('m'))
      t.is(new Set(texts).size, 5)
      for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
    }
    // 1,000 each expected; the standard deviation is below 28.
    for (const count of counts.values()) t.true(count > 850 && count < 1150, String(count))
    t.is(counts.size, 20)
    t.is(d.run('ZRANDMEMBER', 'z', -50).split('\r\n').filter((line) => line.startsWith('m')).length, 50)
  }
})

test('ZSCAN gives every member that is there all the while, with its score', (t) => {
  const d = driver()
  for (let i = 0; i < 3000; i++) d.run('ZADD', 'z', i, `m${i}`)
  const seen = new Map<string, string>()
  let cursor = '0'
  let steps = 0
  do {
    const lines = d.run('ZSCAN', 'z', cursor, 'COUNT', 20, 'MATCH', 'm*').split('\r\n')
    cursor = lines[2]!
    const parts = lines.slice(4).filter((_, i) => i % 2 === 0).map((_, i) => lines[5 + i * 2]).filter((part) => part !== undefined)
    for (let i = 0; i + 1 < parts.length; i += 2) seen.set(parts[i]!, parts[i + 1]!)
    d.run('ZADD', 'z', 1, `x${steps}`)
    if (steps % 3 === 0) d.run('ZREM', 'z', `x${steps - 3}`)
    steps++
  } while (cursor !== '0')
  t.is(seen.size, 3000)
  for (const [name, value] of seen) t.is(name, `m${value}`)
})
