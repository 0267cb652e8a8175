// The arena: all views live here, outside the JavaScript heap, in blocks that a u32 pointer names.
//
// A pointer counts units of 8 bytes; chunks are 16 MiB, so a pointer is chunk << 21 | unit, and 2,048 chunks reach
// 32 GiB. Chunks are ArrayBuffers, which the operating system commits page by page as they are touched.
//
//   small   ≤ 16 KiB      a slot of a slab: a run of pages cut into equal slots (classes of 8-byte steps to 128 bytes,
//                         then steps of at most 12.5 %); free slots are linked through their first word
//   large   ≤ 8 MiB       a run of 4 KiB pages inside a chunk
//   huge    > 8 MiB       a chunk of its own, of just that size, given back to the system when freed
//
// What is known about a block stands beside the chunks, by page, so a block has no header.

import { MillraceError } from '../errors.ts'

export const unitShift = 3
export const chunkShift = 21
export const chunkBytes = 1 << (chunkShift + unitShift)
const unitMask = (1 << chunkShift) - 1
const chunksMax = 1 << (32 - chunkShift)
const pageShift = 12
const pageBytes = 1 << pageShift
const pagesPerChunk = chunkBytes >>> pageShift
const pageUnitShift = pageShift - unitShift
const smallBytesMax = 16384
const largeBytesMax = chunkBytes >>> 1

/** Most bytes that pointers reach. */
export const reachBytes = chunksMax * chunkBytes

/** Chunk index of a pointer: `arena.u8[chunkOf(p)]`, `arena.u32[chunkOf(p)]`. */
export function chunkOf(pointer: number): number {
  return pointer >>> chunkShift
}

/** Byte offset of a pointer within its chunk. */
export function byteOf(pointer: number): number {
  return (pointer & unitMask) << unitShift
}

/** Word (u32) offset of a pointer within its chunk. */
export function wordOf(pointer: number): number {
  return (pointer & unitMask) << (unitShift - 2)
}

/** The pointer to a byte offset (a multiple of 8) of a chunk. */
export function pointerAt(chunk: number, byte: number): number {
  return ((chunk << chunkShift) | (byte >>> unitShift)) >>> 0
}

const classBytes = smallClasses()
const classCount = classBytes.length
/** Size class by ⌈bytes / 8⌉. */
const classByUnits = new Uint8Array((smallBytesMax >>> 3) + 1)
for (let units = 0, size = 0; units < classByUnits.length; units++) {
  if (units << 3 > classBytes[size]!) size++
  classByUnits[units] = size
}
/** Pages of a slab, by class: at least eight slots, and little left over at the end. */
const slabPages = Array.from(classBytes, pagesOfSlab)

function smallClasses(): Uint16Array {
  const sizes: number[] = []
  for (let size = 8; size < 128; size += 8) sizes.push(size)
  for (let base = 128; base < smallBytesMax; base *= 2) {
    for (let part = 0; part < 8; part++) sizes.push(base + (base * part) / 8)
  }
  sizes.push(smallBytesMax)
  return Uint16Array.from(sizes)
}

function pagesOfSlab(size: number): number {
  let best = 1
  let bestWaste = 1
  for (let pages = 1; pages <= 32; pages++) {
    const bytes = pages * pageBytes
    if (bytes < size * 8 && pages < 32) continue
    const waste = (bytes % size) / bytes
    if (waste < bestWaste - 0.005) {
      best = pages
      bestWaste = waste
    }
  }
  return best
}

/** Bytes that a block of `bytes` really takes. */
export function roundedBytes(bytes: number): number {
  if (bytes <= smallBytesMax) return classBytes[classByUnits[(bytes + 7) >>> 3]!]!
  if (bytes <= largeBytesMax) return Math.ceil(bytes / pageBytes) * pageBytes
  return Math.ceil(bytes / 8) * 8
}

/** Values of a page's owner that are no slab: */
const ownerNone = 0
const ownerFree = -1
const ownerLargeTail = -2
const ownerHuge = -3
/** … and a large run's first page is `ownerLarge - pages`. */
const ownerLarge = -16

/** Free runs of pages are kept in bins by ⌊log2 pages⌋, four to an octave. */
const binCount = 52

function binOf(pages: number): number {
  const octave = 31 - Math.clz32(pages)
  return octave < 2 ? pages : octave * 4 + ((pages >>> (octave - 2)) & 3)
}

/** The pages of one chunk: who owns each, and the links of its free runs. */
type PageTable = {
  owner: Int32Array
  /** At the first and the last page of a free run: its length. */
  runPages: Uint16Array
  next: Int32Array
  prev: Int32Array
}

export type ArenaOptions = {
  /** Catches double frees and use after free (tests): remembers live blocks and overwrites freed ones. */
  guard?: boolean
  /** Refuses to reserve more than this; by default all that pointers reach. */
  bytesMax?: number
}

export class Arena {
  /** Bytes and words by chunk: index with `chunkOf(p)`, then `byteOf(p)` or `wordOf(p)`. */
  readonly u8: Buffer[]
  readonly u32: Uint32Array[]
  /** Bytes of live blocks, rounded as they were given out. */
  usedBytes: number
  /** Bytes of all chunks; those never touched are reserved, not resident. */
  reservedBytes: number
  peakBytes: number
  /** Number of live blocks. */
  blocks: number
  private readonly bytesMax: number
  private readonly live: Set<number> | undefined
  private readonly pages: (PageTable | undefined)[]
  private readonly freeChunks: number[]
  private readonly bins: Int32Array
  private emptyChunks: number
  /** By class: first slab with a free slot, 0 for none. */
  private readonly partial: Int32Array
  /** By slab: */
  private slabCapacity: number
  private slabCount: number
  private freeSlab: number
  private slabClass: Uint8Array
  private slabStart: Uint32Array
  private slabFree: Uint32Array
  private slabUsed: Int32Array
  private slabBump: Int32Array
  private slabSlots: Int32Array
  private slabNext: Int32Array
  private slabPrev: Int32Array

  constructor(options: ArenaOptions = {}) {
    this.u8 = []
    this.u32 = []
    this.usedBytes = 0
    this.reservedBytes = 0
    this.peakBytes = 0
    this.blocks = 0
    this.bytesMax = Math.min(options.bytesMax ?? reachBytes, reachBytes)
    this.live = options.guard === true ? new Set() : undefined
    this.pages = []
    this.freeChunks = []
    this.bins = new Int32Array(binCount).fill(-1)
    this.emptyChunks = 0
    this.partial = new Int32Array(classCount)
    this.slabCapacity = 1024
    this.slabCount = 1
    this.freeSlab = 0
    this.slabClass = new Uint8Array(1024)
    this.slabStart = new Uint32Array(1024)
    this.slabFree = new Uint32Array(1024)
    this.slabUsed = new Int32Array(1024)
    this.slabBump = new Int32Array(1024)
    this.slabSlots = new Int32Array(1024)
    this.slabNext = new Int32Array(1024)
    this.slabPrev = new Int32Array(1024)
  }

  /** A block of at least `bytes` bytes, 8-byte aligned, its content undefined. Throws ARENA_FULL beyond the reach. */
  alloc(bytes: number): number {
    if (bytes > smallBytesMax) return this.allocPages(bytes)
    const size = classByUnits[(bytes + 7) >>> 3]!
    let slab = this.partial[size]!
    if (slab === 0) slab = this.newSlab(size)
    let pointer = this.slabFree[slab]!
    if (pointer !== 0) {
      this.slabFree[slab] = this.u32[pointer >>> chunkShift]![wordOf(pointer)]!
    } else {
      const slot = this.slabBump[slab]!
      this.slabBump[slab] = slot + 1
      pointer = this.slabStart[slab]! + slot * (classBytes[size]! >>> unitShift)
    }
    const used = this.slabUsed[slab]! + 1
    this.slabUsed[slab] = used
    if (used === this.slabSlots[slab]) this.unlinkSlab(slab, size)
    this.account(classBytes[size]!)
    if (this.live !== undefined) this.guardAlloc(pointer, classBytes[size]!)
    return pointer
  }

  /** Gives a block back. */
  free(pointer: number): void {
    if (this.live !== undefined) this.guardFree(pointer)
    const chunk = pointer >>> chunkShift
    const page = (pointer & unitMask) >>> pageUnitShift
    const owner = this.pages[chunk]!.owner[page]!
    this.blocks--
    if (owner > 0) {
      const size = this.slabClass[owner]!
      this.u32[chunk]![wordOf(pointer)] = this.slabFree[owner]!
      this.slabFree[owner] = pointer
      this.usedBytes -= classBytes[size]!
      const used = this.slabUsed[owner]! - 1
      this.slabUsed[owner] = used
      if (used === this.slabSlots[owner]! - 1) this.linkSlab(owner, size)
      // One empty slab a class is kept, so that a lone block that comes and goes doesn't cut pages each time.
      else if (used === 0 && (this.partial[size] !== owner || this.slabNext[owner] !== 0)) {
        this.unlinkSlab(owner, size)
        this.dropSlab(owner)
      }
    } else if (owner <= ownerLarge) {
      const count = ownerLarge - owner
      this.usedBytes -= count * pageBytes
      this.releasePages(chunk, page, count)
    } else if (owner === ownerHuge) {
      this.usedBytes -= this.u8[chunk]!.length
      this.dropChunk(chunk)
    } else throw new Error(`arena: free of ${pointer}, which is no block`)
  }

  /** Bytes that the block at `pointer` holds: what was asked for, rounded up. */
  usableBytes(pointer: number): number {
    const chunk = pointer >>> chunkShift
    const owner = this.pages[chunk]!.owner[(pointer & unitMask) >>> pageUnitShift]!
    if (owner > 0) return classBytes[this.slabClass[owner]!]!
    if (owner <= ownerLarge) return (ownerLarge - owner) * pageBytes
    return this.u8[chunk]!.length
  }

  /** A block of at least `bytes` with the content of the old one; the old one when its size class is the same. */
  realloc(pointer: number, bytes: number): number {
    const usable = this.usableBytes(pointer)
    if (roundedBytes(bytes) === usable) return pointer
    const target = this.alloc(bytes)
    const length = Math.min(usable, bytes)
    const from = byteOf(pointer)
    this.u8[chunkOf(target)]!.set(this.u8[chunkOf(pointer)]!.subarray(from, from + length), byteOf(target))
    this.free(pointer)
    return target
  }

  /** Frees everything at once. */
  reset(): void {
    this.u8.length = 0
    this.u32.length = 0
    this.pages.length = 0
    this.freeChunks.length = 0
    this.bins.fill(-1)
    this.partial.fill(0)
    this.live?.clear()
    this.usedBytes = 0
    this.reservedBytes = 0
    this.blocks = 0
    this.emptyChunks = 0
    this.slabCount = 1
    this.freeSlab = 0
  }

  /** Walks all books and throws on the first that disagrees with another. */
  check(): void {
    let used = 0
    let blocks = 0
    let reserved = 0
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      const table = this.pages[chunk]
      if (table === undefined) continue
      reserved += this.u8[chunk]!.length
      if (table.owner[0] === ownerHuge) {
        used += this.u8[chunk]!.length
        blocks++
        continue
      }
      for (let page = 0; page < pagesPerChunk;) {
        const owner = table.owner[page]!
        if (owner === ownerFree) {
          const count = table.runPages[page]!
          assert(count > 0 && table.runPages[page + count - 1] === count, 'free run has two lengths', chunk, page)
          assert(page + count === pagesPerChunk || table.owner[page + count] !== ownerFree, 'uncoalesced', chunk, page)
          page += count
        } else if (owner <= ownerLarge) {
          const count = ownerLarge - owner
          for (let i = 1; i < count; i++) assert(table.owner[page + i] === ownerLargeTail, 'torn run', chunk, page)
          used += count * pageBytes
          blocks++
          page += count
        } else if (owner > 0) {
          const size = this.slabClass[owner]!
          assert(this.slabStart[owner] === pointerAt(chunk, page << pageShift), 'slab starts elsewhere', chunk, page)
          for (let i = 0; i < slabPages[size]!; i++) assert(table.owner[page + i] === owner, 'torn slab', chunk, page)
          const free = this.checkSlab(owner)
          assert(this.slabBump[owner] === free + this.slabUsed[owner]!, 'slab lost a slot', chunk, page)
          used += this.slabUsed[owner]! * classBytes[size]!
          blocks += this.slabUsed[owner]!
          page += slabPages[size]!
        } else {
          assert(chunk === 0 && page === 0 && owner === ownerNone, 'page without an owner', chunk, page)
          page++
        }
      }
    }
    assert(used === this.usedBytes, `used ${used}, accounted ${this.usedBytes}`, 0, 0)
    assert(blocks === this.blocks, `blocks ${blocks}, accounted ${this.blocks}`, 0, 0)
    assert(reserved === this.reservedBytes, `reserved ${reserved}, accounted ${this.reservedBytes}`, 0, 0)
    if (this.live !== undefined) assert(this.live.size === blocks, 'guard disagrees', 0, 0)
  }

  private checkSlab(slab: number): number {
    const start = this.slabStart[slab]!
    const units = classBytes[this.slabClass[slab]!]! >>> unitShift
    let free = 0
    for (let p = this.slabFree[slab]!; p !== 0; p = this.u32[chunkOf(p)]![wordOf(p)]!) {
      assert(p >= start && (p - start) % units === 0, 'free list leaves its slab', chunkOf(p), p)
      assert((p - start) / units < this.slabBump[slab]!, 'free slot never given out', chunkOf(p), p)
      free++
      assert(free <= this.slabSlots[slab]!, 'free list runs in a circle', chunkOf(p), p)
    }
    return free
  }

  private account(bytes: number): void {
    this.blocks++
    this.usedBytes += bytes
    if (this.usedBytes > this.peakBytes) this.peakBytes = this.usedBytes
  }

  // Slabs.

  private newSlab(size: number): number {
    const count = slabPages[size]!
    const start = this.takePages(count)
    let slab = this.freeSlab
    if (slab !== 0) this.freeSlab = this.slabNext[slab]!
    else {
      if (this.slabCount === this.slabCapacity) this.growSlabs()
      slab = this.slabCount++
    }
    this.slabClass[slab] = size
    this.slabStart[slab] = start
    this.slabFree[slab] = 0
    this.slabUsed[slab] = 0
    this.slabBump[slab] = 0
    this.slabSlots[slab] = Math.floor((count * pageBytes) / classBytes[size]!)
    const page = (start & unitMask) >>> pageUnitShift
    this.pages[chunkOf(start)]!.owner.fill(slab, page, page + count)
    this.linkSlab(slab, size)
    return slab
  }

  private growSlabs(): void {
    const capacity = this.slabCapacity * 2
    this.slabClass = grown(this.slabClass, new Uint8Array(capacity))
    this.slabStart = grown(this.slabStart, new Uint32Array(capacity))
    this.slabFree = grown(this.slabFree, new Uint32Array(capacity))
    this.slabUsed = grown(this.slabUsed, new Int32Array(capacity))
    this.slabBump = grown(this.slabBump, new Int32Array(capacity))
    this.slabSlots = grown(this.slabSlots, new Int32Array(capacity))
    this.slabNext = grown(this.slabNext, new Int32Array(capacity))
    this.slabPrev = grown(this.slabPrev, new Int32Array(capacity))
    this.slabCapacity = capacity
  }

  private dropSlab(slab: number): void {
    const start = this.slabStart[slab]!
    const count = slabPages[this.slabClass[slab]!]!
    this.slabNext[slab] = this.freeSlab
    this.freeSlab = slab
    this.releasePages(chunkOf(start), (start & unitMask) >>> pageUnitShift, count)
  }

  private linkSlab(slab: number, size: number): void {
    const head = this.partial[size]!
    this.slabNext[slab] = head
    this.slabPrev[slab] = 0
    if (head !== 0) this.slabPrev[head] = slab
    this.partial[size] = slab
  }

  private unlinkSlab(slab: number, size: number): void {
    const next = this.slabNext[slab]!
    const prev = this.slabPrev[slab]!
    if (next !== 0) this.slabPrev[next] = prev
    if (prev !== 0) this.slabNext[prev] = next
    else this.partial[size] = next
  }

  // Pages.

  private allocPages(bytes: number): number {
    if (bytes > largeBytesMax) return this.allocHuge(bytes)
    const count = Math.ceil(bytes / pageBytes)
    const pointer = this.takePages(count)
    const page = (pointer & unitMask) >>> pageUnitShift
    const owner = this.pages[chunkOf(pointer)]!.owner
    owner[page] = ownerLarge - count
    owner.fill(ownerLargeTail, page + 1, page + count)
    this.account(count * pageBytes)
    if (this.live !== undefined) this.guardAlloc(pointer, count * pageBytes)
    return pointer
  }

  private allocHuge(bytes: number): number {
    if (this.u8.length === 0) this.addPagedChunk()
    const chunk = this.addChunk(Math.ceil(bytes / 8) * 8)
    this.pages[chunk] = hugeTable
    this.account(this.u8[chunk]!.length)
    const pointer = pointerAt(chunk, 0)
    this.live?.add(pointer)
    return pointer
  }

  /** The first of `count` free pages in a row. */
  private takePages(count: number): number {
    for (let bin = binOf(count); bin < binCount; bin++) {
      for (let at = this.bins[bin]!; at >= 0; at = this.pages[at >>> 12]!.next[at & 4095]!) {
        const chunk = at >>> 12
        const page = at & 4095
        const length = this.pages[chunk]!.runPages[page]!
        if (length < count) continue
        if (length === freshPages(chunk)) this.emptyChunks--
        this.unlinkRun(chunk, page, length)
        if (length > count) this.linkRun(chunk, page + count, length - count)
        return pointerAt(chunk, page << pageShift)
      }
    }
    this.addPagedChunk()
    return this.takePages(count)
  }

  private addPagedChunk(): void {
    const chunk = this.addChunk(chunkBytes)
    const owner = new Int32Array(pagesPerChunk).fill(ownerFree)
    const links = () => new Int32Array(pagesPerChunk)
    this.pages[chunk] = { owner, runPages: new Uint16Array(pagesPerChunk), next: links(), prev: links() }
    // Page 0 of chunk 0 stays unused, so that no block has the pointer 0.
    const first = pagesPerChunk - freshPages(chunk)
    if (first === 1) owner[0] = ownerNone
    this.linkRun(chunk, first, pagesPerChunk - first)
    this.emptyChunks++
  }

  private releasePages(chunk: number, first: number, count: number): void {
    const table = this.pages[chunk]!
    let page = first
    let length = count
    if (page > 0 && table.owner[page - 1] === ownerFree) {
      const before = table.runPages[page - 1]!
      this.unlinkRun(chunk, page - before, before)
      page -= before
      length += before
    }
    const after = page + length
    if (after < pagesPerChunk && table.owner[after] === ownerFree) {
      const behind = table.runPages[after]!
      this.unlinkRun(chunk, after, behind)
      length += behind
    }
    table.owner.fill(ownerFree, first, first + count)
    // One empty chunk is kept against a load that breathes.
    if (length === freshPages(chunk)) {
      if (chunk !== 0 && this.emptyChunks > 0) {
        this.dropChunk(chunk)
        return
      }
      this.emptyChunks++
    }
    this.linkRun(chunk, page, length)
  }

  private linkRun(chunk: number, page: number, length: number): void {
    const table = this.pages[chunk]!
    const at = (chunk << 12) | page
    const bin = binOf(length)
    const head = this.bins[bin]!
    table.runPages[page] = length
    table.runPages[page + length - 1] = length
    table.next[page] = head
    table.prev[page] = -1
    if (head >= 0) this.pages[head >>> 12]!.prev[head & 4095] = at
    this.bins[bin] = at
  }

  private unlinkRun(chunk: number, page: number, length: number): void {
    const table = this.pages[chunk]!
    const next = table.next[page]!
    const prev = table.prev[page]!
    if (next >= 0) this.pages[next >>> 12]!.prev[next & 4095] = prev
    if (prev >= 0) this.pages[prev >>> 12]!.next[prev & 4095] = next
    else this.bins[binOf(length)] = next
  }

  // Chunks.

  private addChunk(bytes: number): number {
    const chunk = this.freeChunks.length > 0 ? this.freeChunks[this.freeChunks.length - 1]! : this.u8.length
    if (chunk >= chunksMax || this.reservedBytes + bytes > this.bytesMax) {
      throw new MillraceError('ARENA_FULL', `the arena can't hold ${bytes} bytes more`)
    }
    const buffer = new ArrayBuffer(bytes)
    this.freeChunks.pop()
    this.u8[chunk] = Buffer.from(buffer)
    this.u32[chunk] = new Uint32Array(buffer)
    this.reservedBytes += bytes
    return chunk
  }

  private dropChunk(chunk: number): void {
    this.reservedBytes -= this.u8[chunk]!.length
    this.u8[chunk] = noBytes
    this.u32[chunk] = noWords
    this.pages[chunk] = undefined
    this.freeChunks.push(chunk)
  }

  private guardAlloc(pointer: number, bytes: number): void {
    if (this.live!.has(pointer)) throw new Error(`arena: block ${pointer} given out twice`)
    this.live!.add(pointer)
    this.u8[chunkOf(pointer)]!.fill(0xa5, byteOf(pointer), byteOf(pointer) + bytes)
  }

  private guardFree(pointer: number): void {
    if (!this.live!.delete(pointer)) throw new Error(`arena: free of ${pointer}, which is not live`)
    const bytes = this.usableBytes(pointer)
    this.u8[chunkOf(pointer)]!.fill(0x5a, byteOf(pointer), byteOf(pointer) + bytes)
  }
}

const noBytes = Buffer.alloc(0)
const noWords = new Uint32Array(0)
const hugeTable: PageTable = {
  owner: Int32Array.of(ownerHuge),
  runPages: new Uint16Array(0),
  next: new Int32Array(0),
  prev: new Int32Array(0),
}

/** Pages that a chunk without blocks has free. */
function freshPages(chunk: number): number {
  return chunk === 0 ? pagesPerChunk - 1 : pagesPerChunk
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

function assert(holds: boolean, what: string, chunk: number, page: number): void {
  if (!holds) throw new Error(`arena: ${what} (chunk ${chunk}, page ${page})`)
}
