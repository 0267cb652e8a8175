// Commands that build values of every type, size and encoding, from one seed each.
import fc from 'fast-check'

const text = fc.oneof(
  fc.constantFrom('', '0', '-1', '127', '128', '-4097', '40000', '9000000', '3000000000', '-9223372036854775808'),
  fc.string({ maxLength: 12 }), fc.constantFrom('x'.repeat(63), 'y'.repeat(64), 'ab'.repeat(200), 'z'.repeat(5000)),
)
const score = fc.constantFrom('0', '1', '-2.5', '1e300', 'inf', '-inf', '0.1', '1234567890123', '5e-324')
const many = fc.constantFrom(1, 2, 3, 40, 127, 128, 129, 200, 600)

/** Commands (words as latin1) after which `key` holds a value. */
export function valueCommands(key: string): fc.Arbitrary<string[][]> {
  const items = fc.tuple(many, fc.array(text, { minLength: 1, maxLength: 6 }), fc.boolean())
    .map(([count, texts, numbers]) => Array.from({ length: count }, (_, i) =>
      i < texts.length ? texts[i]! : numbers ? String(i * 7919) : `item ${i}`))
  return fc.oneof(
    text.map((value) => [['SET', key, value]]),
    items.map((list) => [['RPUSH', key, ...list]]),
    items.map((list) => [['SADD', key, ...list]]),
    fc.tuple(items, fc.array(score, { minLength: 1, maxLength: 5 })).map(([list, scores]) =>
      [['ZADD', key, ...list.flatMap((member, i) => [scores[i % scores.length]!, member])]]),
    items.map((list) => [['HSET', key, ...list.flatMap((field, i) => [field, list[(i * 3) % list.length]!])]]),
    items.map((list) => list.map((value, i) =>
      ['XADD', key, `${1000 + (i >> 2)}-${i + 1}`, 'f', value, ...(i % 5 === 0 ? ['g', '1'] : [])])),
    items.map((list) => [
      ...list.map((value, i) => ['XADD', key, `${i + 1}-1`, 'job', value]),
      ['XGROUP', 'CREATE', key, 'workers', '0'], ['XGROUP', 'CREATE', key, 'idle', '$'],
      ['XREADGROUP', 'GROUP', 'workers', 'ann', 'COUNT', '50', 'STREAMS', key, '>'],
      // Bob gets something whenever he comes: that a consumer never did is not written (see stream-writer.ts).
      ...(list.length > 50 ? [['XREADGROUP', 'GROUP', 'workers', 'bob', 'COUNT', '3', 'STREAMS', key, '>']] : []),
      ['XACK', key, 'workers', '2-1', '3-1'], ['XDEL', key, '1-1', '5-1'],
    ]),
  )
}

/** Commands that give some fields of the hash at `key` deadlines. */
export function datedHashCommands(key: string): fc.Arbitrary<string[][]> {
  return fc.tuple(many, fc.array(fc.nat(5000), { minLength: 1, maxLength: 9 })).map(([count, ahead]) => [
    ['HSET', key, ...Array.from({ length: count }, (_, i) => [`f${i}`, `v${i}`]).flat()],
    ...ahead.map((ms, i) => ['HPEXPIRE', key, String(100_000 + ms), 'FIELDS', '1', `f${i % count}`]),
  ])
}
