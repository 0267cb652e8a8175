// The pools that arguments are drawn from: few keys, so that types and lifetimes collide, and the
// numbers, ids and texts at which servers tend to differ.
import { either, type Shape } from './grammar.ts'
import type { Random } from './random.ts'

const stringKeys = ['s1', 's2', 's3', 's:4', 'n1', 'n2']
const streamKeys = ['x1', 'x1', 'x1', 'x2', 'x3']
const hashKeys = ['h1', 'h1', 'h2', 'h2', 'h3', 'h:4']
const zsetKeys = ['z1', 'z1', 'z2', 'z3']
const lexKeys = ['zl1', 'zl2']
const listKeys = ['l1', 'l1', 'l2', 'l3']
const setKeys = ['e1', 'e1', 'e2', 'e2', 'e3', 'e:4']
const freeKeys = ['k1', 'k2', '', '\x00\xff\r\n', 'a key']

function drawKey(r: Random, own: readonly string[], other: readonly string[]): string {
  const dice = r.below(20)
  if (dice < 17) return r.pick(own)
  return r.pick(dice < 19 ? freeKeys : other)
}

export const stringKey: Shape = (r) => [drawKey(r, stringKeys, streamKeys)]
export const streamKey: Shape = (r) => [drawKey(r, streamKeys, stringKeys)]
export const listKey: Shape = (r) => [drawKey(r, listKeys, stringKeys)]

export const hashKey: Shape = (r) => [drawKey(r, hashKeys, r.pick([stringKeys, streamKeys]))]
export const doomedHashKey: Shape = (r) => [r.pick(hashKeys)]

export const zsetKey: Shape = (r) => [drawKey(r, zsetKeys, stringKeys)]
/** Sorted sets whose members all have the score 0. */
export const lexKey: Shape = (r) => [r.pick(lexKeys)]

/** Sets stay at keys of their own as a rule: their encodings are compared less strictly. A stream may stand in the way. */
export const setKey: Shape = (r) => [r.pick(r.chance(0.96) ? setKeys : streamKeys)]

/** Where a set may come to be: at keys of its own, or where a spoilt command makes one. */
export const mayBeSetKey = (key: string): boolean => ![...hashKeys, ...zsetKeys, ...listKeys, 'q1', 'q2', 'q3'].includes(key)

/** For commands that remove or replace keys: streams take long to become interesting. */
export const doomedKey: Shape = (r) =>
  r.chance(0.06) ? streamKey(r) : r.chance(0.1) ? doomedHashKey(r) : [r.pick(r.pick([stringKeys, zsetKeys, listKeys, freeKeys]))]
export const anyKey: Shape = (r) => [r.pick(r.pick([
  stringKeys,
  streamKeys,
  hashKeys,
  zsetKeys,
  listKeys,
  freeKeys,
]))]

/** Every key a run can make; the state comparison starts from what SCAN finds, not from this. */
export const keyPatterns = [
  '*', 's*', 'x?', '[sx]1', '[^s]*', '\\*', 'k[12]', '[a-m]*', '', 'a key', '*1', 's:*', '[', 's[',
  '[]', '?', '??', '\x00*', '[k-a]1', '*\\', '**1**',
]
export const pattern: Shape = (r) => [r.pick(keyPatterns)]

export const oddNumbers = [
  '9223372036854775807', '-9223372036854775808', '9223372036854775808', '-9223372036854775809',
  '18446744073709551615', '18446744073709551616', '1.5', '3.0e3', 'abc', '', ' 1', '1 ', '+1', '01',
  '-0', '1e400', 'nan', 'inf', '-inf', '0x10', '4294967296', '2147483648', '-1', '--1', '1\x00',
]

/** A small integer, and one time in twelve an extreme or broken one. */
export const int: Shape = (r) => [
  r.pick(r.chance(1 / 12) ? oddNumbers : ['0', '1', '2', '3', '5', '10', '-1', '-3', '100']),
]
export const positive: Shape = (r) => [
  r.chance(1 / 20) ? r.pick(oddNumbers) : r.pick(['1', '2', '3', '10', '1000']),
]
export const float: Shape = (r) => [
  r.chance(1 / 6) ? r.pick(oddNumbers) : r.pick([
    '0.1', '1.5', '-2.25', '3', '1e3', '-1e-3', '0.30000000000000004', '1e17', '5.0e-324', '1e-7',
    '123456789.123456789', '0', '-0', '1e308', '.5', '5.', '1E2',
  ]),
]

/** An offset into a string; none makes a server allocate more than a few kilobytes. */
export const offset: Shape = (r) => [
  r.chance(1 / 15)
    ? r.pick(['9223372036854775807', '-9223372036854775808', '536870912', 'x', '4294967295'])
    : String(r.below(24) - 10),
]

const values = [
  '', 'a', 'hello', 'hello world', '0', '1', '-1', '10', '42', '9223372036854775807',
  '-9223372036854775808', '3.14', '1e5', ' 1', '007', '\x00\x01\x02', '\xff\xfe', '\r\n',
  'x'.repeat(44), 'y'.repeat(45), 'z'.repeat(300), 'ohmytext', 'mynewtext',
  '12345678901234567890', '-0', '+5',
]
export const value: Shape = (r) => [r.pick(values)]
export const numericValue: Shape = (r) => [
  r.pick(['0', '1', '-5', '10', '3.5', '9223372036854775806', '-9223372036854775807', '1e2']),
]

/**
 * Lifetimes that are long past or far away, and far from each other (EXPIRE GT compares them), so
 * that no reply depends on how fast a server is.
 */
export const seconds: Shape = (r) => [
  r.chance(1 / 8) ? r.pick(['0', '-1', ...oddNumbers]) : String(1000 + r.below(50_000_000)),
]
export const milliseconds: Shape = (r) => [
  r.chance(1 / 8)
    ? r.pick(['0', '-1', ...oddNumbers]) : String(1_000_000 + r.below(50_000_000) * 1000),
]
export const unixSeconds: Shape = (r) => [
  r.chance(1 / 8)
    ? r.pick(['0', '-1', '1', '1700000000', ...oddNumbers]) : r.pick(['4000000000', '4100000000']),
]
export const unixMilliseconds: Shape = (r) => [
  r.chance(1 / 8)
    ? r.pick(['0', '-1', '1', '1700000000000', ...oddNumbers])
    : r.pick(['4000000000000', '4100000000123']),
]

export const field: Shape = (r) => [
  r.pick(['f', 'g', 'job', '', 'f\x00', '1', 'text', 'long field']),
]
/** Few enough to collide, enough for a hash to outgrow its listpack (see `comparedSettings`). */
export const hashField: Shape = (r) => [
  r.pick(r.chance(0.97)
    ? ['f', 'g', 'n', 'm', 'name', 'data', 'opts', '', '1', '-7', '1234567890123', 'two words', '\x00\xff', '01', 'g2']
    : ['q'.repeat(64), 'q'.repeat(65), 'q'.repeat(200)]),
]
/** Integers and other texts; enough of either for a set to outgrow its intset (see `comparedSettings`). */
export const member: Shape = (r) => [
  r.pick(r.chance(0.6)
    ? ['0', '1', '2', '3', '-1', '7', '-40000', '70000', '32768', '-2147483648', '2147483648', '9223372036854775807',
      '-9223372036854775808', '1234567890123456789', '10', '11']
    : ['a', 'b', 'c', '', '01', '-0', '+1', ' 1', '9223372036854775808', 'x'.repeat(64), 'x'.repeat(65), '\x00\xff', '1.5', '\r\n']),
]
export const memberPattern: Shape = (r) => [r.pick(['*', '1*', '-*', '[a-c]', '?', '', 'nope', '*7*', 'x*'])]
export const hashPattern: Shape = (r) => [r.pick(['*', 'f', 'n*', '*a*', '[fg]', '?', '', 'nope', '[', '-*', '\\*'])]

export const group: Shape = (r) => [
  r.pick(r.chance(0.96) ? ['g1', 'g1', 'g1', 'g2'] : ['g3', '', '\xff']),
]
export const consumer: Shape = (r) => [
  r.pick(r.chance(0.97) ? ['c1', 'c2', 'c3'] : ['', 'c\x00']),
]

/** No bare `*`: the id it makes comes from the clock (episodes make a settled case of it). */
const oddIds = [
  '0-0', '0', '0-1', '18446744073709551615-18446744073709551615', '18446744073709551615',
  '18446744073709551616-0', 'bad', '1-', '-1', '1-1-1', '', '1-a', '*-1', '1-18446744073709551615',
  '1-*', '+', '-', '$', '>', ' 1-1', '01-1',
]

const usualSequences = ['-1', '-1', '-1', '-1', '-1', '', '-0', '-2']

/** An id near those that streams hold just now (ids grow with the tick). */
export const id: Shape = (r) => {
  if (r.chance(1 / 30)) return [r.pick(oddIds)]
  const near = Math.max(1, r.ticks() - r.below(12))
  return [near + r.pick(usualSequences)]
}

/** An id for XADD: mostly the next one. */
export const newId: Shape = (r) => {
  if (r.chance(1 / 40)) return [r.pick(oddIds)]
  if (r.chance(1 / 10)) return id(r)
  if (r.chance(0.9)) r.tick()
  return [r.ticks() + r.pick(r.chance(0.1) ? ['-*'] : usualSequences)]
}
export const rangeId: Shape = either(
  (r) => [r.pick(['-', '+'])], id, id, (r) => [`(${id(r)[0]!}`],
)

/** Members of sorted sets: few, so that they meet; one too long for a listpack. */
export const zmember: Shape = (r) => [
  r.chance(1 / 300) ? 'w'.repeat(70) : r.pick([
    'a', 'b', 'c', 'd', 'm1', 'm2', 'm3', '10', '-5', '007', '', '\x00\xff', 'ab', 'abc', 'x'.repeat(64),
  ]),
]
/** Scores: many ties, and the ends of what doubles hold; none so small that SORT of 7.0 stumbles over reading it. */
export const score: Shape = (r) => [
  r.chance(1 / 8) ? r.pick(oddNumbers) : r.pick([
    '0', '1', '1', '2', '3', '-1', '1.5', '0.1', '1700000000123', '-2.25', '1e17', '9007199254740993', 'inf', '-inf',
    '-0', '1e-300', '4503599627370497', '1e-7', '0.30000000000000004', '12.99', '1e20', '123456.789', '.5', '5.',
  ]),
]
export const scoreBound: Shape = (r) => {
  const [bound] = r.chance(0.3) ? [r.pick(['-inf', '+inf', 'inf'])] : score(r)
  return [r.chance(0.2) ? `(${bound}` : bound!]
}
export const lexBound: Shape = (r) => [
  r.chance(0.3) ? r.pick(['-', '+', '-', '+', 'a', '', '(', '[']) : r.pick(['[', '(']) + zmember(r)[0]!,
]
const listElements = [
  'a', 'a', 'b', 'c', '1', '2', '-1', '127', '128', '-4097', '70000', '2147483648', '9223372036854775807', '', '007',
  '12345678901234567890', '\r\n', 'x'.repeat(63), 'y'.repeat(64), 'z'.repeat(700),
]
export const listElement: Shape = (r) => [r.pick(r.chance(0.7) ? listElements.slice(0, 8) : listElements)]
export const listIndex: Shape = (r) => [
  r.chance(1 / 15) ? r.pick(oddNumbers) : String(r.below(r.chance(0.3) ? 120 : 16) - (r.chance(0.3) ? 60 : 4)),
]
/** How many to remove; the smallest integer is refused from 7.4 on. */
export const removals: Shape = (r) => [
  r.chance(1 / 15) ? r.pick(['x', '', '1.5', '9223372036854775808', '-9223372036854775807'])
    : r.pick(['0', '1', '1', '2', '-1', '-1', '-2']),
]
/** Seconds to wait: hardly any, so that nobody waits long where there is nothing. */
export const timeout: Shape = (r) => [
  r.chance(1 / 5) ? r.pick(['abc', '', '-1', '-0.5', 'nan', 'inf', '-inf', '1e400', '9223372036854776', ' 1', '0x0.01', '1e-3'])
    : r.pick(['0.001', '0.002', '0.01']),
]
