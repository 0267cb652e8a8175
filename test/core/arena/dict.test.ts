// Dict against a Map.

import fc from 'fast-check'
import test from 'ava'
import { Arena, byteOf, chunkOf, wordOf } from '../../../core/arena/arena.ts'
import { createMember, memberLength, memberStart } from '../../../core/arena/dict-key.ts'
import { DictWalk } from '../../../core/arena/dict-walk.ts'
import { Dict, keyOffset } from '../../../core/arena/dict.ts'
import { warm, warmKeysMax } from '../../../core/arena/dict-warm.ts'
import { seededRandom } from '../../../core/random.ts'

const seed = { k0: 0x12345678, k1: 0x9abcdef0 }

function entryOf(arena: Arena, key: Buffer): number {
  const entry = arena.alloc(keyOffset + key.length)
  arena.u32[chunkOf(entry)]![wordOf(entry) + 1] = key.length
  key.copy(arena.u8[chunkOf(entry)]!, byteOf(entry) + keyOffset)
  return entry
}

function keyOf(arena: Arena, entry: number): string {
  const from = byteOf(entry) + keyOffset
  return arena.u8[chunkOf(entry)]!.toString('latin1', from, from + arena.u32[chunkOf(entry)]![wordOf(entry) + 1]!)
}

function put(dict: Dict, text: string): number {
  const key = Buffer.from(text, 'latin1')
  const hash = dict.hash(key, 0, key.length)
  const found = dict.find(key, 0, key.length, hash)
  if (found !== 0) return found
  const entry = entryOf(dict.arena, key)
  dict.insert(hash, entry)
  return entry
}

function take(dict: Dict, text: string): boolean {
  const key = Buffer.from(text, 'latin1')
  const hash = dict.hash(key, 0, key.length)
  const entry = dict.find(key, 0, key.length, hash)
  if (entry === 0) return false
  dict.remove(hash, entry)
  dict.arena.free(entry)
  return true
}

test('random puts, moves and removals agree with a Map, through growth and shrinkage', (t) => {
  const phases = fc.array(
    fc.record({ put: fc.integer({ min: 0, max: 3000 }), take: fc.integer({ min: 0, max: 3000 }), seed: fc.nat() }),
    { minLength: 1, maxLength: 5 },
  )
  fc.assert(
    fc.property(phases, (list) => {
      const arena = new Arena({ guard: true })
      const dict = new Dict(arena, seed)
      const model = new Map<string, number>()
      for (const phase of list) {
        const random = seededRandom(phase.seed)
        for (let i = 0; i < phase.put; i++) {
          const key = `k${random.u32() % 4000}`
          model.set(key, put(dict, key))
          if (i % 7 === 0) {
            const before = model.get(key)!
            const bytes = Buffer.from(key)
            const after = entryOf(arena, bytes)
            dict.replace(dict.hash(bytes, 0, bytes.length), before, after)
            arena.free(before)
            model.set(key, after)
          }
        }
        for (let i = 0; i < phase.take; i++) {
          const key = `k${random.u32() % 4000}`
          if (take(dict, key) !== model.delete(key)) return false
        }
        dict.check()
        arena.check()
        if (dict.count !== model.size) return false
      }
      for (const [key, entry] of model) if (put(dict, key) !== entry) return false
      const seen = new Set<string>()
      dict.each((entry) => seen.add(keyOf(arena, entry)))
      if (seen.size !== model.size) return false
      dict.destroy((entry) => arena.free(entry))
      return arena.blocks === 0
    }),
    { numRuns: 25 },
  )
  t.pass()
})

test('a scan visits every key that is there all the while, however the dict grows and shrinks', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(), fc.integer({ min: 0, max: 20_000 }), (count, s, churn) => {
      const arena = new Arena()
      const dict = new Dict(arena, seed)
      const random = seededRandom(s)
      const steady = Array.from({ length: 2000 }, (_, i) => `steady${i}`)
      for (const key of steady) put(dict, key)
      const seen = new Set<string>()
      let cursor = 0
      let made = 0
      do {
        cursor = dict.scan(cursor, count, (entry) => seen.add(keyOf(arena, entry)))
        const grow = made < churn
        for (let i = 0; i < 300; i++) {
          if (grow) put(dict, `passing${made++}`)
          else take(dict, `passing${random.u32() % (made + 1)}`)
        }
      } while (cursor !== 0)
      return steady.every((key) => seen.has(key))
    }),
    { numRuns: 12 },
  )
  t.pass()
})

test('200,000 keys: all found, all scanned once, memory per key small, and given back', (t) => {
  const arena = new Arena()
  const dict = new Dict(arena, seed)
  for (let i = 0; i < 200_000; i++) put(dict, `key:${i}`)
  dict.check()
  t.is(dict.count, 200_000)
  t.true(dict.memoryBytes() / 200_000 < 13, `${dict.memoryBytes() / 200_000} bytes a key`)
  let visits = 0
  let cursor = 0
  do cursor = dict.scan(cursor, 100, () => visits++)
  while (cursor !== 0)
  t.is(visits, 200_000)
  for (let i = 0; i < 200_000; i++) if (!take(dict, `key:${i}`)) t.fail(`key ${i} lost`)
  dict.check()
  t.true(dict.memoryBytes() < 8000, `${dict.memoryBytes()} bytes left`)
})

test('steady churn does not grow the dict', (t) => {
  const arena = new Arena()
  const dict = new Dict(arena, seed)
  for (let i = 0; i < 10_000; i++) put(dict, `key:${i}`)
  const before = dict.memoryBytes()
  for (let i = 10_000; i < 300_000; i++) {
    put(dict, `key:${i}`)
    take(dict, `key:${i - 10_000}`)
  }
  dict.check()
  t.true(dict.memoryBytes() < before * 1.3, `${before} → ${dict.memoryBytes()}`)
})

test('every key is picked at random about equally often, in a dict of many segments too', (t) => {
  for (const keys of [3, 100, 5000]) {
    const arena = new Arena()
    const dict = new Dict(arena, seed)
    const random = seededRandom(5)
    for (let i = 0; i < keys; i++) put(dict, `key:${i}`)
    // The last segments to split and those that haven't are of different sizes; removals make it worse.
    for (let i = 0; i < keys; i += 3) take(dict, `key:${i}`)
    const picks = new Map<string, number>()
    const perKey = 100
    for (let i = 0; i < dict.count * perKey; i++) {
      const key = keyOf(arena, dict.random(random))
      picks.set(key, (picks.get(key) ?? 0) + 1)
    }
    t.is(picks.size, dict.count)
    // Chi-squared: its mean is the degrees of freedom, its variance twice that.
    let chi = 0
    for (const count of picks.values()) chi += (count - perKey) ** 2 / perKey
    t.true(chi < dict.count + 6 * Math.sqrt(2 * dict.count), `${chi} with ${dict.count} keys`)
  }
})

test('a dict is destroyed slice by slice, each slice bounded, and all memory comes back', (t) => {
  for (const keys of [0, 1, 700, 30_000]) {
    const arena = new Arena({ guard: true })
    const dict = new Dict(arena, seed)
    for (let i = 0; i < keys; i++) put(dict, `key:${i}`)
    let freed = 0
    let slices = 1
    while (!dict.destroySome(100, (entry) => (arena.free(entry), freed++))) {
      t.true(freed <= slices * 1123)
      t.is(dict.count, keys - freed)
      slices++
    }
    t.is(freed, keys)
    t.true(slices > keys / 1123)
    t.is(arena.blocks, 0)
    arena.check()
  }
})

test('an empty dict is tens of bytes, and is one again after a clear', (t) => {
  const arena = new Arena({ guard: true })
  const dict = new Dict(arena, seed)
  const empty = arena.usedBytes
  t.true(empty <= 64, `${empty} bytes`)
  t.is(dict.random(seededRandom(1)), 0)
  t.is(dict.scan(0, 10, () => t.fail('nothing to see')), 0)
  for (let i = 0; i < 2000; i++) put(dict, `key:${i}`)
  dict.clear((entry) => arena.free(entry))
  t.is(arena.usedBytes, empty)
  put(dict, 'again')
  t.is(new Dict(arena, seed, dict.root).count, 1, 'a dict opens at its root')
  dict.check()
})

test('keys of any bytes and lengths are told apart, the empty key too', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.uint8Array({ maxLength: 70 }), { selector: (key) => key.join(), maxLength: 200 }), (keys) => {
      const arena = new Arena({ guard: true })
      const dict = new Dict(arena, seed)
      const entries = keys.map((key) => put(dict, Buffer.from(key).toString('latin1')))
      dict.check()
      return keys.every((key, i) => {
        // The key lies in the middle of a buffer, as a command's argument does.
        const buf = Buffer.concat([Buffer.from('*2\r\n'), key, Buffer.from('\r\n')])
        return dict.find(buf, 4, 4 + key.length, dict.hash(buf, 4, 4 + key.length)) === entries[i]
      })
    }),
    { numRuns: 50 },
  )
  t.pass()
})

test('members of any length are told apart, and a walk meets each of them once with its hash', (t) => {
  const sizes = fc.array(fc.constantFrom(0, 1, 20, 63, 64, 253, 254, 255, 256, 5000, 70_000), { maxLength: 300 })
  fc.assert(
    fc.property(sizes, (list) => {
      const arena = new Arena({ guard: true })
      const dict = new Dict(arena, seed, undefined, 'member')
      const model = new Set<string>()
      list.forEach((size, i) => {
        const text = String(i).repeat(size).slice(0, size)
        const bytes = Buffer.from(`<${text}>`)
        const hash = dict.hash(bytes, 1, 1 + size)
        const found = dict.find(bytes, 1, 1 + size, hash) !== 0
        if (found !== model.has(text)) t.fail(`${found ? 'found' : 'lost'} ${size} bytes`)
        if (!found) dict.insert(hash, createMember(arena, bytes, 1, 1 + size))
        model.add(text)
      })
      dict.check()
      const walk = new DictWalk(arena)
      walk.start(dict.root)
      const seen: string[] = []
      for (let member = walk.next(); member !== 0; member = walk.next()) {
        const from = memberStart(arena, member)
        const to = from + memberLength(arena, member)
        seen.push(arena.u8[chunkOf(member)]!.toString('latin1', from, to))
        if (dict.hashOf(member) !== walk.hash) t.fail('another hash')
      }
      t.deepEqual(seen.toSorted(), [...model].toSorted())
    }),
    { numRuns: 40 },
  )
})

test('a walk passes through dicts of many segments', (t) => {
  const arena = new Arena()
  const dict = new Dict(arena, seed)
  const walk = new DictWalk(arena)
  for (let i = 0; i < 20_000; i++) put(dict, `key:${i}`)
  for (const left of [20_000, 15_000, 3, 0]) {
    for (let i = left; i < 20_000; i++) take(dict, `key:${i}`)
    const seen = new Set<number>()
    walk.start(dict.root)
    for (let entry = walk.next(); entry !== 0; entry = walk.next()) seen.add(entry)
    t.is(seen.size, left)
  }
})

test('reading ahead reaches the entries of present keys, bears absent ones and changes nothing', (t) => {
  const arena = new Arena({ guard: true })
  const dict = new Dict(arena, seed)
  const from = new Int32Array(warmKeysMax)
  const to = new Int32Array(warmKeysMax)
  let reached = 0
  for (let size = 0; size <= 6000; size++) {
    put(dict, `k${size}`)
    if (size % 50 !== 0) continue
    // Half of them are there; the others' probe paths lead anywhere, over the ends of their segments too.
    const keys = Array.from({ length: warmKeysMax }, (_, i) => `k${i % 2 === 0 ? (size * i) % (size + 1) : size + 1 + i * 7}`)
    let at = 0
    keys.forEach((key, i) => {
      from[i] = at
      to[i] = at += key.length
    })
    warm(dict, Buffer.from(keys.join('')), from, to, warmKeysMax)
    // Of one present key: what was read is its slot's hash and the first word of its entry.
    const key = Buffer.from(`k${size}`)
    const hash = dict.hash(key, 0, key.length)
    const entry = dict.find(key, 0, key.length, hash)
    arena.u32[chunkOf(entry)]![wordOf(entry)] = 0
    const without = warm(dict, key, Int32Array.of(0), Int32Array.of(key.length), 1)
    arena.u32[chunkOf(entry)]![wordOf(entry)] = 0x5a5a5a5a
    const change = warm(dict, key, Int32Array.of(0), Int32Array.of(key.length), 1) ^ without
    t.true(change === 0x5a5a5a5a || change === 0)
    arena.u32[chunkOf(entry)]![wordOf(entry)] = 0
    reached += change === 0 ? 0 : 1
    dict.check()
  }
  t.true(reached > 90, `${reached} of 121 entries were reached`)
})

test('a block that was removed, moved, or used for another key is not in the dict any more', (t) => {
  const arena = new Arena()
  const dict = new Dict(arena, seed)
  const blocks = new Map<string, [hash: number, entry: number]>()
  for (let i = 0; i < 5000; i++) {
    const entry = put(dict, `k${i}`)
    blocks.set(`k${i}`, [dict.hashOf(entry), entry])
  }
  for (const [hash, entry] of blocks.values()) t.true(dict.has(hash, entry) && !dict.has(hash ^ 1, entry))
  for (let i = 0; i < 5000; i += 2) take(dict, `k${i}`)
  // Freed blocks are given out again, for other keys.
  for (let i = 0; i < 2000; i++) put(dict, `n${i}`)
  for (const [key, [hash, entry]] of blocks) t.is(dict.has(hash, entry), Number(key.slice(1)) % 2 === 1, key)
  const moved = entryOf(arena, Buffer.from('k1'))
  const [hash, before] = blocks.get('k1')!
  dict.replace(hash, before, moved)
  t.true(dict.has(hash, moved) && !dict.has(hash, before))
})

test('a dict that is made to size takes what another one gives in order, without splits and without waste', (t) => {
  for (const keys of [0, 1, 100, 700, 701, 5_000, 90_000]) {
    const arena = new Arena()
    const source = new Dict(arena, seed)
    for (let i = 0; i < keys; i++) put(source, `key:${i}`)
    const sized = new Dict(arena, seed, 0).create(keys)
    const before = sized.memoryBytes()
    source.each((entry) => sized.insert(source.hashOf(entry), entry))
    sized.check()
    t.is(sized.count, keys)
    // Few segments get so many more than the others that they grow; none splits.
    t.true(sized.memoryBytes() <= before * 1.05 + 64, `${before} → ${sized.memoryBytes()} bytes with ${keys} keys`)
    t.true(sized.memoryBytes() <= source.memoryBytes() * 1.3 + 64, `${sized.memoryBytes()}, grown ${source.memoryBytes()}`)
    for (let i = 0; i < keys; i++) if (!take(sized, `key:${i}`)) t.fail(`key ${i} lost`)
    sized.check()
  }
})

test('samples are entries with their hashes, each met about equally often, also where few are left', (t) => {
  const arena = new Arena()
  const dict = new Dict(arena, seed)
  const random = seededRandom(5)
  const entries = new Uint32Array(64)
  const hashes = new Uint32Array(64)
  t.is(dict.sample(random, 5, entries, hashes), 0)
  for (const count of [1, 3, 40, 5000]) {
    while (dict.count < count) put(dict, `k${dict.count}`)
    const met = new Map<number, number>()
    const draws = count * 60
    let total = 0
    for (let i = 0; i < draws; i++) {
      const found = dict.sample(random, 5, entries, hashes)
      t.is(found, Math.min(5, count))
      for (let j = 0; j < found; j++) {
        if (!dict.has(hashes[j]!, entries[j]!)) t.fail('no entry')
        met.set(entries[j]!, (met.get(entries[j]!) ?? 0) + 1)
      }
      t.is(new Set(entries.subarray(0, found)).size, found)
      total += found
    }
    t.is(met.size, count)
    // Behind a gap an entry is met more often, but no entry is left out or preferred by much.
    for (const times of met.values()) t.true(times > (total / count) * 0.2 && times < (total / count) * 5)
  }
  for (let i = 0; i < 4999; i++) take(dict, `k${i}`)
  t.is(dict.sample(random, 5, entries, hashes), 1)
  t.is(keyOf(arena, entries[0]!), 'k4999')
})
