// The allocator against a naive model: blocks never overlap, content stays, the books are exact.

import fc from 'fast-check'
import test from 'ava'
import { Arena, byteOf, chunkBytes, chunkOf, pointerAt, reachBytes, roundedBytes, wordOf } from '../../../core/arena/arena.ts'

const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 3, arbitrary: fc.integer({ min: 300, max: 40_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 40_000, max: 9_000_000 }) },
)
const step = fc.oneof(
  fc.record({ kind: fc.constant('alloc' as const), size }),
  fc.record({ kind: fc.constant('free' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('realloc' as const), pick: fc.nat(), size }),
)

function mark(arena: Arena, pointer: number, bytes: number, tag: number): void {
  const u8 = arena.u8[chunkOf(pointer)]!
  u8[byteOf(pointer)] = tag
  u8[byteOf(pointer) + bytes - 1] = tag
}

function marked(arena: Arena, pointer: number, bytes: number, tag: number): boolean {
  const u8 = arena.u8[chunkOf(pointer)]!
  return u8[byteOf(pointer)] === tag && u8[byteOf(pointer) + bytes - 1] === tag
}

test('random allocations keep their content, never overlap, and are accounted exactly', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), (steps) => {
      const arena = new Arena({ guard: true })
      const live: { pointer: number; bytes: number; tag: number }[] = []
      let tag = 0
      for (const s of steps) {
        if (s.kind === 'alloc') {
          const pointer = arena.alloc(s.size)
          if (pointer === 0 || arena.usableBytes(pointer) < s.size) return false
          live.push({ pointer, bytes: s.size, tag: (tag = (tag + 1) & 0xff) })
          mark(arena, pointer, s.size, tag)
        } else if (live.length > 0) {
          const index = s.pick % live.length
          const block = live[index]!
          if (!marked(arena, block.pointer, block.bytes, block.tag)) return false
          if (s.kind === 'free') {
            arena.free(block.pointer)
            live.splice(index, 1)
          } else {
            block.pointer = arena.realloc(block.pointer, s.size)
            if (arena.u8[chunkOf(block.pointer)]![byteOf(block.pointer)] !== block.tag) return false
            block.bytes = s.size
            mark(arena, block.pointer, s.size, block.tag)
          }
        }
      }
      arena.check()
      if (arena.usedBytes !== live.reduce((sum, b) => sum + roundedBytes(b.bytes), 0)) return false
      for (const block of live) {
        if (!marked(arena, block.pointer, block.bytes, block.tag)) return false
        arena.free(block.pointer)
      }
      arena.check()
      return arena.usedBytes === 0 && arena.blocks === 0
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('pointers reach beyond 16 GiB: chunk, byte and word of the farthest block agree', (t) => {
  t.true(reachBytes >= 16 * 2 ** 30)
  for (const far of [0, 8, chunkBytes - 8, 17 * 2 ** 30, reachBytes - 8]) {
    const chunk = Math.floor(far / chunkBytes)
    const byte = far % chunkBytes
    const pointer = pointerAt(chunk, byte)
    t.true(pointer >= 0 && pointer < 2 ** 32)
    t.is(chunkOf(pointer), chunk)
    t.is(byteOf(pointer), byte)
    t.is(wordOf(pointer), byte / 4)
  }
})

test('a huge block has a chunk of its own, which goes back when it is freed', (t) => {
  const arena = new Arena()
  const small = arena.alloc(10)
  const before = arena.reservedBytes
  const huge = arena.alloc(100 * 1024 * 1024)
  t.is(arena.reservedBytes, before + 100 * 1024 * 1024)
  arena.u8[chunkOf(huge)]![byteOf(huge) + 100 * 1024 * 1024 - 1] = 7
  arena.check()
  arena.free(huge)
  t.is(arena.reservedBytes, before)
  arena.free(small)
  arena.check()
})

test('a huge block that comes first is not the null pointer', (t) => {
  const arena = new Arena()
  const huge = arena.alloc(20 * 1024 * 1024)
  t.not(huge, 0)
  arena.free(huge)
  arena.check()
})

test('under a steady load the arena does not grow', (t) => {
  const arena = new Arena()
  let state = 1
  const random = (n: number): number => (state = (Math.imul(state, 48271) >>> 0) % 0x7fffffff) % n
  const live = Array.from({ length: 20_000 }, () => arena.alloc(8 + random(2000)))
  const round = (): void => {
    for (let i = 0; i < 40_000; i++) {
      const at = random(live.length)
      arena.free(live[at]!)
      live[at] = arena.alloc(8 + random(2000))
    }
  }
  round()
  const reserved = arena.reservedBytes
  for (let i = 0; i < 20; i++) round()
  arena.check()
  t.true(arena.reservedBytes <= reserved + chunkBytes, `${reserved} → ${arena.reservedBytes}`)
  for (const pointer of live) arena.free(pointer)
  // Each size keeps an empty slab, so the two chunks that held all may stay, and the small first one.
  t.true(arena.reservedBytes <= 2 * chunkBytes + chunkBytes / 16)
})

test('memory that one size gave back serves another', (t) => {
  const arena = new Arena()
  for (const bytes of [24, 600, 5000, 70_000, 24]) {
    const blocks = Array.from({ length: Math.floor((8 * chunkBytes) / roundedBytes(bytes) / 4) }, () => arena.alloc(bytes))
    t.true(arena.reservedBytes <= 4 * chunkBytes)
    for (const block of blocks) arena.free(block)
    arena.check()
  }
})

test('freeing twice is caught in guard mode', (t) => {
  const arena = new Arena({ guard: true })
  const pointer = arena.alloc(40)
  arena.alloc(40)
  arena.free(pointer)
  t.throws(() => arena.free(pointer), { message: /not live/ })
})

test('a bound on bytes is kept, with a typed error, and nothing is lost by it', (t) => {
  const arena = new Arena({ bytesMax: 3 * chunkBytes })
  const blocks: number[] = []
  const error = t.throws(() => {
    for (;;) blocks.push(arena.alloc(1024 * 1024))
  })
  t.is((error as Error & { code: string }).code, 'ARENA_FULL')
  arena.check()
  t.true(blocks.length >= 30)
})

test('writing to a freed block is caught in guard mode, by the check and by the next block of its size', (t) => {
  const arena = new Arena({ guard: true })
  const pointer = arena.alloc(40)
  arena.alloc(40)
  arena.free(pointer)
  arena.u8[chunkOf(pointer)]![byteOf(pointer) + 30] = 1
  t.throws(() => arena.check(), { message: /written to after/ })
  t.throws(() => arena.alloc(40), { message: /written to after/ })
})

test('what is no block is not freed', (t) => {
  const arena = new Arena()
  const pointer = arena.alloc(100_000)
  t.throws(() => arena.free(pointer + 512), { message: /no block/ })
  t.throws(() => arena.usableBytes(pointer + 512), { message: /no block/ })
  arena.free(pointer)
  t.throws(() => arena.free(pointer), { message: /no block/ })
})

test('a large block grows and shrinks where it stands when the pages behind it are free', (t) => {
  const arena = new Arena({ guard: true })
  const first = arena.alloc(100_000)
  t.is(arena.realloc(first, 1_000_000), first)
  t.is(arena.usedBytes, roundedBytes(1_000_000))
  t.is(arena.realloc(first, 50_000), first)
  const second = arena.alloc(60_000)
  const moved = arena.realloc(first, 200_000)
  t.not(moved, first)
  arena.check()
  arena.free(moved)
  arena.free(second)
  arena.check()
  t.is(arena.usedBytes, 0)
})

test('a huge block grows and shrinks with its content, from and to every other kind', (t) => {
  const arena = new Arena({ guard: true })
  let pointer = arena.alloc(10)
  const bytes = [100, 9_000_000, 70_000_000, 8_000_000, 30_000, 20_000_000, 5]
  arena.u8[chunkOf(pointer)]!.fill(7, byteOf(pointer), byteOf(pointer) + 5)
  for (const size of bytes) {
    pointer = arena.realloc(pointer, size)
    t.deepEqual([...arena.u8[chunkOf(pointer)]!.subarray(byteOf(pointer), byteOf(pointer) + 5)], [7, 7, 7, 7, 7])
    t.is(arena.usedBytes, roundedBytes(size))
    arena.check()
  }
})

test('after a reset the arena is as new, and its memory is the system\'s again', (t) => {
  const arena = new Arena({ guard: true })
  for (const size of [8, 5000, 100_000, 20_000_000]) arena.alloc(size)
  const view = arena.u8[1]!
  arena.reset()
  t.is(arena.usedBytes + arena.reservedBytes + arena.blocks, 0)
  t.is(view.length, 0)
  arena.check()
  const pointer = arena.alloc(100)
  t.not(pointer, 0)
  arena.check()
})

test('a size class wastes at most an eighth, and never gives less than was asked for', (t) => {
  for (let bytes = 1; bytes <= 9_000_000; bytes += 1 + (bytes >>> 6)) {
    const rounded = roundedBytes(bytes)
    t.true(rounded >= bytes && rounded % 8 === 0)
    t.true(rounded - bytes < 8 || rounded <= bytes * 1.25, `${bytes} takes ${rounded}`)
    if (bytes >= 128 && bytes <= 16_384) t.true(rounded <= bytes * 1.126, `${bytes} takes ${rounded}`)
  }
})

test('active bytes hold all blocks, and a purge gives back what is kept empty, and nothing else', (t) => {
  fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), fc.nat(), (steps, kept) => {
    const arena = new Arena({ guard: true })
    const live: { pointer: number, bytes: number }[] = []
    for (const s of steps) {
      if (s.kind === 'free' && live.length > 0) arena.free(live.splice(s.pick % live.length, 1)[0]!.pointer)
      if (s.kind !== 'alloc') continue
      live.push({ pointer: arena.alloc(s.size), bytes: s.size })
      t.true(arena.activeBytes >= arena.usedBytes && arena.activeBytes <= arena.reservedBytes)
    }
    while (live.length > kept % 5) arena.free(live.pop()!.pointer)
    live.forEach(({ pointer, bytes }, i) => mark(arena, pointer, bytes, i))
    const before = arena.reservedBytes
    arena.purge()
    t.notThrows(() => arena.check())
    t.true(live.every(({ pointer, bytes }, i) => marked(arena, pointer, bytes, i)))
    t.true(arena.reservedBytes <= before)
    if (live.length > 0) return
    t.is(arena.activeBytes, 0)
    t.true(arena.reservedBytes <= chunkBytes)
    const again = arena.alloc(100)
    mark(arena, again, 100, 1)
    t.notThrows(() => arena.check())
  }), { numRuns: 60 })
})
