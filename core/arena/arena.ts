// The arena: all views live here, outside the JavaScript heap, in blocks that a u32 pointer names.
//
//   small   ≤ 16 KiB      a slot of a slab: a run of pages cut into equal slots (classes of 8-byte steps to 128 bytes,
//                         then steps of at most 12.5 %); free slots are linked through their first word
//   large   ≤ 8 MiB       a run of 4 KiB pages inside a chunk
//   huge    > 8 MiB       a chunk of its own, of just that size, given back to the system when freed
//
// What is known about a block stands beside the chunks, by page (pages.ts), so a block has no header.

import {
  assert, byteOf, chunkOf, largeBytesMax, ownerHuge, ownerLarge, pageBytes, pageOf, Pages, pointerAt, reachBytes,
  wordOf,
} from './pages.ts'

// Who uses the arena needs nothing of pages.ts but these.
export { byteOf, chunkBytes, chunkOf, pointerAt, reachBytes, wordOf } from './pages.ts'

const smallBytesMax = 16384
const slabPagesMax = 32
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
  for (let pages = 1; pages <= slabPagesMax; pages++) {
    const bytes = pages * pageBytes
    if (bytes < size * 8 && pages < slabPagesMax) continue
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

/** Guard mode fills freed blocks with this, and fresh ones with the other. */
const freedByte = 0x5a
const freshByte = 0xa5

export type ArenaOptions = {
  /** Catches double frees and writes after a free (tests): remembers live blocks and overwrites freed ones. */
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
  peakBytes: number
  /** Number of live blocks. */
  blocks: number
  private readonly pages: Pages
  private readonly owners: (Int32Array | undefined)[]
  private readonly live: Set<number> | undefined
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
    this.pages = new Pages(Math.min(options.bytesMax ?? reachBytes, reachBytes))
    this.u8 = this.pages.u8
    this.u32 = this.pages.u32
    this.usedBytes = 0
    this.peakBytes = 0
    this.blocks = 0
    this.owners = this.pages.owners
    this.live = options.guard === true ? new Set() : undefined
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

  /** Bytes of all chunks; those never touched are reserved, not resident. */
  get reservedBytes(): number {
    return this.pages.reservedBytes
  }

  /** Bytes of the pages that hold blocks or are cut into slots for them: what lies between is fragmentation. */
  get activeBytes(): number {
    return this.pages.reservedBytes - (this.pages.freePages + (this.u8.length > 0 ? 1 : 0)) * pageBytes
  }

  /** Gives back to the system what is kept although it is empty. */
  purge(): void {
    for (let size = 0; size < classCount; size++) {
      for (let slab = this.partial[size]!; slab !== 0;) {
        const next = this.slabNext[slab]!
        if (this.slabUsed[slab] === 0) {
          this.unlinkSlab(slab, size)
          this.dropSlab(slab)
        }
        slab = next
      }
    }
    this.pages.purge()
  }

  /** A block of at least `bytes` bytes, 8-byte aligned, its content undefined. Throws ARENA_FULL beyond the reach. */
  alloc(bytes: number): number {
    if (bytes > smallBytesMax) return this.allocPages(bytes)
    const size = classByUnits[(bytes + 7) >>> 3]!
    let slab = this.partial[size]!
    if (slab === 0) slab = this.newSlab(size)
    let pointer = this.slabFree[slab]!
    if (pointer !== 0) {
      if (this.live !== undefined) this.guardFreed(pointer, classBytes[size]!)
      this.slabFree[slab] = this.u32[chunkOf(pointer)]![wordOf(pointer)]!
    } else {
      const slot = this.slabBump[slab]!
      this.slabBump[slab] = slot + 1
      pointer = this.slabStart[slab]! + slot * (classBytes[size]! >>> 3)
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
    const chunk = chunkOf(pointer)
    const page = pageOf(pointer)
    const owner = this.owners[chunk]![page]!
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
      this.pages.release(chunk, page, count)
    } else if (owner === ownerHuge) {
      this.usedBytes -= this.u8[chunk]!.length
      this.pages.dropChunk(chunk)
    } else throw new Error(`arena: free of ${pointer}, which is no block`)
    this.blocks--
  }

  /** Bytes that the block at `pointer` holds: what was asked for, rounded up. */
  usableBytes(pointer: number): number {
    const chunk = chunkOf(pointer)
    const owner = this.owners[chunk]![pageOf(pointer)]!
    if (owner > 0) return classBytes[this.slabClass[owner]!]!
    if (owner <= ownerLarge) return (ownerLarge - owner) * pageBytes
    if (owner !== ownerHuge) throw new Error(`arena: ${pointer} is no block`)
    return this.u8[chunk]!.length
  }

  /** A block of at least `bytes` with the content of the old one; the old one itself where it can stay. */
  realloc(pointer: number, bytes: number): number {
    const usable = this.usableBytes(pointer)
    const rounded = roundedBytes(bytes)
    if (rounded === usable || this.resizeInPlace(pointer, usable, rounded)) return pointer
    const target = this.alloc(bytes)
    const length = Math.min(usable, bytes)
    const from = byteOf(pointer)
    this.u8[chunkOf(target)]!.set(this.u8[chunkOf(pointer)]!.subarray(from, from + length), byteOf(target))
    this.free(pointer)
    return target
  }

  /** Frees everything at once. */
  reset(): void {
    this.pages.reset()
    this.partial.fill(0)
    this.live?.clear()
    this.usedBytes = 0
    this.blocks = 0
    this.slabCount = 1
    this.freeSlab = 0
  }

  /** Walks all books and throws on the first that disagrees with another. */
  check(): void {
    let used = 0
    let blocks = 0
    let slabs = 0
    this.pages.check((chunk, page, owner) => {
      if (owner > 0) {
        const size = this.slabClass[owner]!
        assert(this.slabStart[owner] === pointerAt(chunk, page * pageBytes), 'slab starts elsewhere', chunk, page)
        const free = this.checkSlab(owner)
        assert(this.slabBump[owner] === free + this.slabUsed[owner]!, 'slab lost a slot', chunk, page)
        used += this.slabUsed[owner]! * classBytes[size]!
        blocks += this.slabUsed[owner]!
        slabs++
        return slabPages[size]!
      }
      blocks++
      used += this.usableBytes(pointerAt(chunk, page * pageBytes))
      return owner === ownerHuge ? 1 : ownerLarge - owner
    })
    assert(used === this.usedBytes, `used ${used}, accounted ${this.usedBytes}`, 0, 0)
    assert(blocks === this.blocks, `blocks ${blocks}, accounted ${this.blocks}`, 0, 0)
    if (this.live !== undefined) assert(this.live.size === blocks, 'guard disagrees', 0, 0)
    let unused = 1
    for (let slab = this.freeSlab; slab !== 0; slab = this.slabNext[slab]!) unused++
    assert(slabs + unused === this.slabCount, 'a slab is lost', 0, 0)
    for (let size = 0; size < classCount; size++) this.checkPartial(size)
  }

  private checkSlab(slab: number): number {
    const start = this.slabStart[slab]!
    const bytes = classBytes[this.slabClass[slab]!]!
    let free = 0
    for (let p = this.slabFree[slab]!; p !== 0; p = this.u32[chunkOf(p)]![wordOf(p)]!) {
      const slot = (p - start) / (bytes >>> 3)
      assert(p >= start && Number.isInteger(slot), 'free list leaves its slab', chunkOf(p), pageOf(p))
      assert(slot < this.slabBump[slab]!, 'free slot never given out', chunkOf(p), pageOf(p))
      if (this.live !== undefined) this.guardFreed(p, bytes)
      free++
      assert(free <= this.slabSlots[slab]!, 'free list runs in a circle', chunkOf(p), pageOf(p))
    }
    return free
  }

  private checkPartial(size: number): void {
    let prev = 0
    for (let slab = this.partial[size]!; slab !== 0; slab = this.slabNext[slab]!) {
      assert(this.slabClass[slab] === size && this.slabPrev[slab] === prev, 'list of slabs is torn', size, slab)
      assert(this.slabUsed[slab]! < this.slabSlots[slab]!, 'full slab is listed', size, slab)
      prev = slab
    }
  }

  private account(bytes: number): void {
    this.blocks++
    this.usedBytes += bytes
    if (this.usedBytes > this.peakBytes) this.peakBytes = this.usedBytes
  }

  // Slabs.

  private newSlab(size: number): number {
    let slab = this.freeSlab
    if (slab === 0) {
      slab = this.slabCount
      if (slab === this.slabCapacity) this.growSlabs()
    }
    const count = slabPages[size]!
    const start = this.pages.take(count, slab)
    // Only now, since taking pages may throw.
    if (slab === this.slabCount) this.slabCount++
    else this.freeSlab = this.slabNext[slab]!
    this.slabClass[slab] = size
    this.slabStart[slab] = start
    this.slabFree[slab] = 0
    this.slabUsed[slab] = 0
    this.slabBump[slab] = 0
    this.slabSlots[slab] = Math.floor((count * pageBytes) / classBytes[size]!)
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
    this.pages.release(chunkOf(start), pageOf(start), count)
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

  // Large and huge blocks.

  private allocPages(bytes: number): number {
    const rounded = roundedBytes(bytes)
    const huge = bytes > largeBytesMax
    const count = rounded / pageBytes
    const pointer = huge ? this.pages.takeHuge(rounded) : this.pages.take(count, ownerLarge - count)
    this.account(rounded)
    // A huge block is fresh from the system: overwriting it would only make it resident.
    if (this.live !== undefined) this.guardAlloc(pointer, huge ? 0 : rounded)
    return pointer
  }

  private resizeInPlace(pointer: number, before: number, after: number): boolean {
    const owner = this.owners[chunkOf(pointer)]![pageOf(pointer)]!
    if (owner > ownerLarge || after <= smallBytesMax || after > largeBytesMax) return false
    const done = this.pages.resizeLarge(chunkOf(pointer), pageOf(pointer), before / pageBytes, after / pageBytes)
    if (!done) return false
    this.blocks--
    this.account(after - before)
    return true
  }

  // Guard mode.

  private guardAlloc(pointer: number, bytes: number): void {
    if (this.live!.has(pointer)) throw new Error(`arena: block ${pointer} given out twice`)
    this.live!.add(pointer)
    this.u8[chunkOf(pointer)]!.fill(freshByte, byteOf(pointer), byteOf(pointer) + bytes)
  }

  private guardFree(pointer: number): void {
    if (!this.live!.delete(pointer)) throw new Error(`arena: free of ${pointer}, which is not live`)
    const bytes = this.usableBytes(pointer)
    if (bytes <= largeBytesMax) this.u8[chunkOf(pointer)]!.fill(freedByte, byteOf(pointer), byteOf(pointer) + bytes)
  }

  /** A free slot must still be as `guardFree` left it, behind the link in its first word. */
  private guardFreed(pointer: number, bytes: number): void {
    const u8 = this.u8[chunkOf(pointer)]!
    const end = byteOf(pointer) + bytes
    for (let at = byteOf(pointer) + 4; at < end; at++) {
      if (u8[at] !== freedByte) throw new Error(`arena: block ${pointer} was written to after it was freed`)
    }
  }
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
