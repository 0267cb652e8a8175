// A hash of a million fields: HSCAN loses none while others come and go, HRANDFIELD is fair, and it goes in slices.
import test from 'ava'
import { driver, int, type Driver } from './driver.ts'
import { scanned, texts } from './hash-replies.ts'

const million = 1_000_000
const batch = 500

function add(d: Driver, prefix: string, from: number, to: number): void {
  for (let i = from; i < to; i += batch) {
    const pairs: (string | number)[] = []
    for (let n = i; n < Math.min(to, i + batch); n++) pairs.push(`${prefix}${n}`, n)
    d.run('HSET', 'h', ...pairs)
  }
}

function remove(d: Driver, prefix: string, from: number, to: number): void {
  for (let i = from; i < to; i += batch) {
    d.run('HDEL', 'h', ...Array.from({ length: Math.min(to, i + batch) - i }, (_, n) => `${prefix}${i + n}`))
  }
}

/** Walks the hash; `between` runs between two steps. Which of the fields `s…` were seen. */
function walk(d: Driver, fields: number, between: () => void): Uint8Array {
  const seen = new Uint8Array(fields)
  let cursor = '0'
  do {
    const reply = d.run('HSCAN', 'h', cursor, 'COUNT', 4000, 'NOVALUES')
    cursor = reply.slice(0, 40).split('\r\n')[2]!
    for (const field of scanned(reply)) if (field.startsWith('s')) seen[Number(field.slice(1))] = 1
    between()
    d.effects.length = 0
  } while (cursor !== '0')
  return seen
}

test('HSCAN finds each of a million fields, also while as many others come and go', (t) => {
  const d = driver(7, 0, false)
  const stay = million / 2
  add(d, 's', 0, stay)
  let others = 0
  const grown = walk(d, stay, () => {
    if (others < stay) add(d, 'o', others, others += 5000)
  })
  t.is(grown.indexOf(0), -1)
  add(d, 'o', others, stay)
  others = stay
  t.is(d.run('HLEN', 'h'), int(million))
  const shrunk = walk(d, stay, () => {
    if (others > 0) remove(d, 'o', others - 5000, others)
    others -= 5000
  })
  t.is(shrunk.indexOf(0), -1)
  t.is(walk(d, stay, () => {}).indexOf(0), -1)
})

test('HRANDFIELD draws each of a million fields alike, and different ones when it should', (t) => {
  const d = driver(11, 0, false)
  add(d, '', 0, million)
  const classes = 100
  const drawn = Array.from({ length: classes }, () => 0)
  const draws = 100_000
  for (let i = 0; i < draws; i += 1000) for (const field of texts(d.run('HRANDFIELD', 'h', -1000))) drawn[Number(field) % classes]!++
  const expected = draws / classes
  const chiSquare = drawn.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  // With 99 degrees of freedom one in ten thousand fair draws is above 161; the seed is fixed.
  t.true(chiSquare < 161, `chi square ${chiSquare}`)
  const halves = texts(d.run('HRANDFIELD', 'h', 20_000)).filter((field) => Number(field) < million / 2).length
  t.true(Math.abs(halves - 10_000) < 400, `${halves} of the lower half`)
  t.is(new Set(texts(d.run('HRANDFIELD', 'h', 400_000))).size, 400_000)
})

test('a million fields with deadlines go in slices when their hash is unlinked', (t) => {
  const d = driver(13, 1_000_000, false)
  const { engine } = d
  d.run('SET', 'k', 'v')
  d.run('DEL', 'k')
  const empty = engine.arena.usedBytes
  add(d, 'f', 0, million)
  for (let i = 0; i < million; i += batch) {
    const fields = Array.from({ length: batch }, (_, n) => `f${i + n}`)
    d.run('HPEXPIRE', 'h', 1000 + ((i * 7) % million), 'FIELDS', batch, ...fields)
  }
  const full = engine.arena.usedBytes
  // 7 bytes of field, 6 of value, 8 of deadline.
  t.true(full - empty < million * 75, `${(full - empty) / million} bytes a field`)
  t.is(d.run('UNLINK', 'h'), int(1))
  t.is(engine.dbs[0]!.nextDeadline(), Infinity)
  let slices = 0
  while (!engine.lazy.step(0)) slices++
  t.true(slices > 1000, `${slices} slices`)
  t.true(full - empty > million * 20)
  t.is(engine.arena.usedBytes, empty)
})
