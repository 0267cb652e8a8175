// Random members are fair in every encoding, and a large set is freed a slice at a time, whoever drops it.
import test from 'ava'
import { formOf, rootOf } from '../../../core/keyspace/entry.ts'
import { seededRandom } from '../../../core/random.ts'
import { setOps } from '../../../core/types/set-ops.ts'
import { randomPlace, samplePlaces } from '../../../core/types/set-sample.ts'
import { setForms, type MemberSet } from '../../../core/types/set.ts'
import { driver, int, type Driver } from '../commands/driver.ts'

const sets = [
  { form: setForms.intset, members: 40, name: (i: number) => String(i * 1000) },
  { form: setForms.pack, members: 90, name: (i: number) => `m${i}` },
  { form: setForms.dict, members: 400, name: (i: number) => `m${i}` },
  { form: setForms.dict, members: 3000, name: (i: number) => `m${i}` },
] as const

function filled(d: Driver, { form, members, name }: (typeof sets)[number]): MemberSet {
  const set = d.engine.sets.one.create(form)
  for (let i = 0; i < members; i++) {
    const bytes = Buffer.from(name(i))
    set.add(bytes, 0, bytes.length)
  }
  return set
}

function current(set: MemberSet): string {
  return Buffer.from(set.buf.subarray(set.from, set.to)).toString()
}

/** Chi-squared of equal shares: its mean is the degrees of freedom, its variance twice that. */
function isFair(counts: ReadonlyMap<string, number>, members: number, perMember: number): boolean {
  let chi = (members - counts.size) * perMember
  for (const count of counts.values()) chi += (count - perMember) ** 2 / perMember
  return chi < members + 5 * Math.sqrt(2 * members)
}

for (const one of sets) {
  const title = `${one.members} members of encoding ${one.form}`
  test(`any member is as likely as another: ${title}`, (t) => {
    const set = filled(driver(), one)
    t.is(set.form, one.form)
    const random = seededRandom(3)
    const counts = new Map<string, number>()
    for (let i = 0; i < one.members * 60; i++) {
      set.moveTo(randomPlace(set, random))
      counts.set(current(set), (counts.get(current(set)) ?? 0) + 1)
    }
    t.true(isFair(counts, one.members, 60))
  })

  // Few are drawn one by one, many are selected in a walk.
  for (const share of [0.02, 0.3]) {
    test(`samples of ${share * 100} % are fair and have no member twice: ${title}`, (t) => {
      const set = filled(driver(), one)
      const random = seededRandom(4)
      const size = Math.max(2, Math.floor(one.members * share))
      const rounds = Math.ceil((one.members * 40) / size)
      const counts = new Map<string, number>()
      for (let round = 0; round < rounds; round++) {
        const places = samplePlaces(set, size, random)
        const had = new Set<string>()
        for (let i = 0; i < size; i++) {
          set.moveTo(places[i]!)
          had.add(current(set))
        }
        t.is(had.size, size)
        for (const member of had) counts.set(member, (counts.get(member) ?? 0) + 1)
      }
      t.true(isFair(counts, one.members, (rounds * size) / one.members))
    })
  }
}

test('pairs are drawn as often as others: a sample\'s members don\'t depend on each other', (t) => {
  const set = filled(driver(), { ...sets[1], members: 6 as 90 })
  const random = seededRandom(9)
  const counts = new Map<string, number>()
  for (let i = 0; i < 15 * 200; i++) {
    const places = samplePlaces(set, 2, random)
    const pair = `${places[0]} ${places[1]}`
    counts.set(pair, (counts.get(pair) ?? 0) + 1)
  }
  t.true(isFair(counts, 15, 200))
})

const members = 60_000
const drops: Readonly<Record<string, (d: Driver) => string>> = {
  DEL: (d) => d.run('DEL', 's'),
  UNLINK: (d) => d.run('UNLINK', 's'),
  SUNIONSTORE: (d) => d.run('SUNIONSTORE', 's', 'small'),
  SET: (d) => d.run('SET', 's', 'x'),
  expiry: (d) => {
    d.run('PEXPIRE', 's', 1)
    d.clock.advance(1)
    return d.run('EXISTS', 's')
  },
}

for (const [how, drop] of Object.entries(drops)) {
  test(`${how} of a large set frees it in bounded slices, all in the end`, (t) => {
    const d = driver()
    const { arena, lazy } = d.engine
    d.run('SADD', 'small', 'a')
    const before = arena.blocks
    d.run('SADD', 's', ...Array.from({ length: members }, (_, i) => `member:${i}`))
    const full = arena.blocks
    // Beginning a turn frees for a millisecond, which a clock that stands still never ends.
    d.engine.beginTurn = () => {
      d.engine.setNow(d.clock.nowMs())
      d.engine.expireDue()
    }
    t.true(/^[:+]/.test(drop(d)))
    t.true(full - arena.blocks < 2500, `${full - arena.blocks} blocks at once`)
    t.true(lazy.pending > 0)
    for (let left = arena.blocks, slices = 0; !lazy.idle; left = arena.blocks, slices++) {
      lazy.step(-Infinity)
      t.true(left - arena.blocks < 256 + 1024 + 8, `${left - arena.blocks} blocks in slice ${slices}`)
      t.true(slices < members / 256)
    }
    d.run('DEL', 's')
    t.is(arena.blocks, before)
    arena.check()
  })
}

function measured({ engine }: Driver, key: Buffer): number {
  const db = engine.dbs[0]!
  const entry = db.find(key, 0, key.length, db.hash(key, 0, key.length))
  return setOps.memoryBytes(engine, rootOf(engine.arena, entry), formOf(engine.arena, entry))
}

test('a set\'s memory is measured, beyond some thousand members by a sample of them', (t) => {
  const d = driver()
  for (const count of [3, 300, 30_000]) {
    const before = d.engine.arena.usedBytes
    d.run('SADD', `s${count}`, ...Array.from({ length: count }, (_, i) => `m${i}${'x'.repeat(i % 50)}`))
    const taken = d.engine.arena.usedBytes - before
    const bytes = measured(d, Buffer.from(`s${count}`))
    t.true(Math.abs(bytes - taken) < taken * 0.03 + 64, `${bytes} measured, ${taken} taken`)
  }
  t.is(d.run('SCARD', 's3'), int(3))
})
