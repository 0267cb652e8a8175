// The arena's ground: chunks of 16 MiB (the first has 1 MiB, for little data) cut into pages of 4 KiB, runs of free
// pages, and chunks for huge blocks.
//
// A pointer counts units of 8 bytes: chunk << 21 | unit, so 2,048 chunks reach 32 GiB. Chunks are ArrayBuffers, which
// the operating system commits page by page as they are touched, and gets back the moment they are dropped.
//
//   pointer   ┌ chunk: 11 bits │ page: 12 bits │ unit of 8 bytes: 9 bits ┐
//   owner     by page: > 0 the slab that the page is part of, else one of the values below
//   free run  its length stands at its first and its last page, so that neighbours find each other and join

import { MillraceError } from '../errors.ts'

const unitShift = 3
const chunkShift = 21
export const chunkBytes = 1 << (chunkShift + unitShift)
const unitMask = (1 << chunkShift) - 1
const chunksMax = 1 << (32 - chunkShift)
const pageShift = 12
export const pageBytes = 1 << pageShift
const pagesPerChunk = chunkBytes >>> pageShift
/** Of chunk 0. */
const firstChunkPages = 256
const pageUnitShift = pageShift - unitShift
/** A block larger than this gets a chunk of its own. */
export const largeBytesMax = chunkBytes >>> 1

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

/** Page of a pointer within its chunk. */
export function pageOf(pointer: number): number {
  return (pointer & unitMask) >>> pageUnitShift
}

/** Page 0 of chunk 0, so that no block has the pointer 0. */
const ownerNone = 0
const ownerFree = -1
const ownerLargeTail = -2
export const ownerHuge = -3
/** The first page of a large block of `pages` pages has the owner `ownerLarge - pages`. */
export const ownerLarge = -16

/** Free runs are kept in bins by length, four bins to an octave. */
const binCount = 52
/** Runs of the own bin that are tried, as they may be too short; in the next bins every run is long enough. */
const ownBinTries = 16

function binOf(pages: number): number {
  const octave = 31 - Math.clz32(pages)
  return octave < 2 ? pages : octave * 4 + ((pages >>> (octave - 2)) & 3)
}

/** The pages of one chunk: who owns each, and the links of its free runs. */
type PageTable = {
  owner: Int32Array
  runPages: Uint16Array
  next: Int32Array
  prev: Int32Array
}

export class Pages {
  readonly u8: Buffer[]
  readonly u32: Uint32Array[]
  /** Owners by chunk and page; undefined where there is no chunk. */
  readonly owners: (Int32Array | undefined)[]
  /** Bytes of all chunks; those never touched are reserved, not resident. */
  reservedBytes: number
  private readonly bytesMax: number
  private readonly tables: (PageTable | undefined)[]
  private readonly freeChunks: number[]
  private readonly bins: Int32Array
  private emptyChunks: number
  /** Pages that nobody owns. */
  freePages: number

  constructor(bytesMax: number) {
    this.u8 = []
    this.u32 = []
    this.owners = []
    this.reservedBytes = 0
    this.bytesMax = bytesMax
    this.tables = []
    this.freeChunks = []
    this.bins = new Int32Array(binCount).fill(-1)
    this.emptyChunks = 0
    this.freePages = 0
  }

  /** Gives all chunks back. */
  reset(): void {
    for (const bytes of this.u8) detach(bytes)
    this.u8.length = 0
    this.u32.length = 0
    this.owners.length = 0
    this.tables.length = 0
    this.freeChunks.length = 0
    this.bins.fill(-1)
    this.reservedBytes = 0
    this.emptyChunks = 0
    this.freePages = 0
  }

  /** Gives the chunks that are kept empty back to the system. */
  purge(): void {
    for (let chunk = 1; chunk < this.tables.length; chunk++) {
      const table = this.tables[chunk]
      if (table === undefined || table.owner[0] !== ownerFree || table.runPages[0] !== pagesPerChunk) continue
      this.unlinkRun(chunk, 0, pagesPerChunk)
      this.dropChunk(chunk)
    }
  }

  /** Pointer to the first of `count` free pages in a row; their owner is `owner`. */
  take(count: number, owner: number): number {
    const at = this.takeRun(count)
    const chunk = at >>> 12
    const page = at & 4095
    this.own(chunk, page, count, owner)
    return pointerAt(chunk, page << pageShift)
  }

  /** Pages from `first` on are free again, and join the free runs beside them. */
  release(chunk: number, first: number, count: number): void {
    const table = this.tables[chunk]!
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
    if (length === freshPages(chunk) && chunk !== 0 && this.emptyChunks > 0) this.dropChunk(chunk)
    else this.linkRun(chunk, page, length)
  }

  /** Makes a large block of `before` pages one of `after` where it stands; false when the pages behind it are taken. */
  resizeLarge(chunk: number, page: number, before: number, after: number): boolean {
    const table = this.tables[chunk]!
    const end = page + before
    if (after > before) {
      const behind = end < pagesPerChunk && table.owner[end] === ownerFree ? table.runPages[end]! : 0
      if (before + behind < after) return false
      this.unlinkRun(chunk, end, behind)
      if (before + behind > after) this.linkRun(chunk, page + after, before + behind - after)
      table.owner.fill(ownerLargeTail, end, page + after)
    }
    table.owner[page] = ownerLarge - after
    if (after < before) this.release(chunk, page + after, before - after)
    return true
  }

  /** A chunk of just that size, for one huge block. Returns its pointer. */
  takeHuge(bytes: number): number {
    if (this.u8.length === 0) this.addPagedChunk()
    const chunk = this.addChunk(bytes)
    this.owners[chunk] = hugeOwner
    return pointerAt(chunk, 0)
  }

  dropChunk(chunk: number): void {
    this.reservedBytes -= this.u8[chunk]!.length
    detach(this.u8[chunk]!)
    this.u8[chunk] = noBytes
    this.u32[chunk] = noWords
    this.owners[chunk] = undefined
    this.tables[chunk] = undefined
    this.freeChunks.push(chunk)
  }

  /** Bytes of all chunks together, walking each page; `visit` sees each block or slab by its first page. */
  check(visit: (chunk: number, page: number, owner: number) => number): void {
    let reserved = 0
    let free = 0
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      const owner = this.owners[chunk]
      if (owner === undefined) continue
      reserved += this.u8[chunk]!.length
      const table = this.tables[chunk]
      for (let page = 0; page < owner.length;) {
        const own = owner[page]!
        if (own === ownerFree) {
          const count = table!.runPages[page]!
          assert(count > 0 && table!.runPages[page + count - 1] === count, 'free run has two lengths', chunk, page)
          for (let i = 0; i < count; i++) assert(owner[page + i] === ownerFree, 'free run is owned', chunk, page + i)
          assert(owner[page + count] !== ownerFree, 'free runs did not join', chunk, page)
          page += count
          free += count
        } else if (own === ownerNone) {
          assert(chunk === 0 && page === 0, 'page without an owner', chunk, page)
          page++
        } else {
          const count = visit(chunk, page, own)
          const tail = own > 0 ? own : ownerLargeTail
          for (let i = 1; i < count; i++) assert(owner[page + i] === tail, 'torn run', chunk, page + i)
          page += count
        }
      }
    }
    assert(reserved === this.reservedBytes, `reserved ${reserved}, accounted ${this.reservedBytes}`, 0, 0)
    assert(free === this.checkBins(), 'free runs and bins disagree', 0, 0)
  }

  private checkBins(): number {
    let free = 0
    let empty = 0
    for (let bin = 0; bin < binCount; bin++) {
      let prev = -1
      for (let at = this.bins[bin]!; at >= 0; at = this.tables[at >>> 12]!.next[at & 4095]!) {
        const table = this.tables[at >>> 12]!
        const count = table.runPages[at & 4095]!
        assert(table.owner[at & 4095] === ownerFree, 'bin names an owned page', at >>> 12, at & 4095)
        assert(binOf(count) === bin && table.prev[at & 4095] === prev, 'run in the wrong bin', at >>> 12, at & 4095)
        if (count === freshPages(at >>> 12)) empty++
        free += count
        prev = at
      }
    }
    assert(empty === this.emptyChunks, 'empty chunks', 0, 0)
    assert(free === this.freePages, 'free pages', 0, 0)
    return free
  }

  private own(chunk: number, page: number, count: number, owner: number): void {
    const owners = this.owners[chunk]!
    owners[page] = owner
    owners.fill(owner > 0 ? owner : ownerLargeTail, page + 1, page + count)
  }

  /** chunk << 12 | page of a run of just `count` pages, out of the bins. */
  private takeRun(count: number): number {
    const own = binOf(count)
    let tries = ownBinTries
    for (let bin = own; bin < binCount; bin++) {
      for (let at = this.bins[bin]!; at >= 0; at = this.tables[at >>> 12]!.next[at & 4095]!) {
        const chunk = at >>> 12
        const page = at & 4095
        const length = this.tables[chunk]!.runPages[page]!
        if (length >= count) {
          this.unlinkRun(chunk, page, length)
          if (length > count) this.linkRun(chunk, page + count, length - count)
          return at
        }
        if (bin === own && --tries === 0) break
      }
    }
    this.addPagedChunk()
    return this.takeRun(count)
  }

  private addPagedChunk(): void {
    const pages = this.u8.length === 0 ? firstChunkPages : pagesPerChunk
    const chunk = this.addChunk(pages * pageBytes)
    const owner = new Int32Array(pages).fill(ownerFree)
    this.owners[chunk] = owner
    this.tables[chunk] = {
      owner,
      runPages: new Uint16Array(pages),
      next: new Int32Array(pages),
      prev: new Int32Array(pages),
    }
    const first = pages - freshPages(chunk)
    if (first === 1) owner[0] = ownerNone
    this.linkRun(chunk, first, pages - first)
  }

  private linkRun(chunk: number, page: number, length: number): void {
    const table = this.tables[chunk]!
    const at = (chunk << 12) | page
    const bin = binOf(length)
    const head = this.bins[bin]!
    table.runPages[page] = length
    table.runPages[page + length - 1] = length
    table.next[page] = head
    table.prev[page] = -1
    if (head >= 0) this.tables[head >>> 12]!.prev[head & 4095] = at
    this.bins[bin] = at
    this.freePages += length
    if (length === freshPages(chunk)) this.emptyChunks++
  }

  private unlinkRun(chunk: number, page: number, length: number): void {
    const table = this.tables[chunk]!
    const next = table.next[page]!
    const prev = table.prev[page]!
    if (next >= 0) this.tables[next >>> 12]!.prev[next & 4095] = prev
    if (prev >= 0) this.tables[prev >>> 12]!.next[prev & 4095] = next
    else this.bins[binOf(length)] = next
    this.freePages -= length
    if (length === freshPages(chunk)) this.emptyChunks--
  }

  private addChunk(bytes: number): number {
    const chunk = this.freeChunks.length > 0 ? this.freeChunks[this.freeChunks.length - 1]! : this.u8.length
    if (chunk >= chunksMax || this.reservedBytes + bytes > this.bytesMax) {
      throw new MillraceError('ARENA_FULL', `the arena can't hold ${bytes} bytes more`)
    }
    const buffer = allocate(bytes)
    this.freeChunks.pop()
    this.u8[chunk] = Buffer.from(buffer)
    this.u32[chunk] = new Uint32Array(buffer)
    this.reservedBytes += bytes
    return chunk
  }
}

const noBytes = Buffer.alloc(0)
const noWords = new Uint32Array(0)
const hugeOwner = Int32Array.of(ownerHuge)

/** Pages that a chunk without blocks has free. */
function freshPages(chunk: number): number {
  return chunk === 0 ? firstChunkPages - 1 : pagesPerChunk
}

function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes)
  } catch (error) {
    throw new MillraceError('ARENA_FULL', `the system refuses ${bytes} bytes more`, error)
  }
}

/** Gives the memory back now: else it would wait for the next garbage collection, with gigabytes reserved meanwhile. */
function detach(bytes: Buffer): void {
  if (bytes.length > 0) (bytes.buffer as ArrayBuffer).transfer(0)
}

export function assert(holds: boolean, what: string, chunk: number, page: number): void {
  if (!holds) throw new Error(`arena: ${what} (chunk ${chunk}, page ${page})`)
}
