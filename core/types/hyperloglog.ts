// HyperLogLogs: strings in Redis's own format, edited in place, so that GET, SET and DUMP move them between servers.
//
//    0      4          5       8                  16
//   ┌──────┬──────────┬───────┬──────────────────┬─────────────────────────────────────────────┐
//   │ HYLL │ 0 dense  │ 3 × 0 │ count u64, LE    │ registers: 12,288 bytes (hll-dense.ts), or  │
//   │      │ 1 sparse │       │ top bit: unknown │ codes of runs of them (hll-sparse.ts)       │
//   └──────┴──────────┴───────┴──────────────────┴─────────────────────────────────────────────┘
//
// https://redis.io/docs/latest/develop/data-types/probabilistic/hyperloglogs/ ; the standard error is 0.81 %.

import { chunkOf } from '../arena/arena.ts'
import { forms, rootOf, setForm, setRoot, typeOf, types, valueStart } from '../keyspace/entry.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import { countDense, denseBytes, mergeDense, packDense, readRegister, writeRegister } from './hll-dense.ts'
import { estimate } from './hll-estimate.ts'
import { indexBits, registers } from './hll-hash.ts'
import { apply, change, decodeSparse, eachRun, plan, sparseRankMax } from './hll-sparse.ts'
import { editString } from './string.ts'

const headerBytes = 16
const encodingAt = 4
const countAt = 8
const dense = 0
const sparse = 1
const unknownBit = 0x80
/** An empty one: a single run of zeros. */
const empty = Buffer.from('HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff', 'latin1')

/** Registers by value; the values of damaged dense ones may be anything of six bits. */
const counts = new Uint32Array(64)
const noBytes = Buffer.alloc(0)

/** One object is opened on value after value. What moves the entry keeps `entry` right. */
export class HyperLogLog {
  entry: number
  /** A sparse one became dense because it outgrew its bound: whoever logs must say so, since bounds may change. */
  outgrew: boolean
  private db: Keyspace | undefined
  private hash: number
  private u8: Buffer
  private start: number
  private size: number
  private saved: Buffer

  constructor() {
    this.entry = 0
    this.outgrew = false
    this.db = undefined
    this.hash = 0
    this.u8 = noBytes
    this.start = 0
    this.size = 0
    this.saved = noBytes
  }

  /** Opens a string entry; false when its bytes are no HyperLogLog. */
  open(db: Keyspace, entry: number, hash: number): boolean {
    const { arena } = db
    if (typeOf(arena, entry) !== types.string) return false
    this.db = db
    this.hash = hash
    this.outgrew = false
    this.look(entry)
    const { u8, start } = this
    if (this.size < headerBytes) return false
    for (let i = 0; i < encodingAt; i++) if (u8[start + i] !== empty[i]) return false
    const encoding = u8[start + encodingAt]!
    return encoding === sparse || (encoding === dense && this.size === headerBytes + denseBytes)
  }

  /** Makes an empty one at an absent key, and opens it. */
  create(db: Keyspace, buf: Uint8Array, from: number, to: number, hash: number): void {
    const entry = db.create(types.string, buf, from, to, hash, empty.length)
    db.arena.u8[chunkOf(entry)]!.set(empty, valueStart(db.arena, entry))
    setForm(db.arena, entry, forms.raw)
    this.open(db, entry, hash)
  }

  get isSparse(): boolean {
    return this.u8[this.start + encodingAt] === sparse
  }

  /** Marks the string as one that is edited in place. */
  own(): void {
    setForm(this.db!.arena, this.entry, forms.raw)
  }

  /**
   * Adds an element by its place (see hll-hash.ts): 1 when a register rose, 0 when none did, -1 when the value is
   * damaged, and then unchanged. A sparse one that would exceed `bytesMax` becomes dense.
   */
  add(place: number, bytesMax: number): -1 | 0 | 1 {
    return this.raise(place & (registers - 1), place >>> indexBits, bytesMax)
  }

  raise(index: number, value: number, bytesMax: number): -1 | 0 | 1 {
    if (this.isSparse) {
      if (value <= sparseRankMax) {
        const planned = plan(this.u8, this.start + headerBytes, this.start + this.size, index, value)
        if (planned < 1) return planned
        const growth = change.newBytes - change.oldBytes
        if (growth <= 0 || this.size + growth <= bytesMax) {
          this.applyPlan(growth)
          return 1
        }
        this.outgrew = true
      }
      if (!this.makeDense()) return -1
    }
    const at = this.start + headerBytes
    if (readRegister(this.u8, at, index) >= value) return 0
    writeRegister(this.u8, at, index, value)
    return 1
  }

  /** Turns a sparse one into a dense one; false when it is damaged, and then unchanged. */
  makeDense(): boolean {
    if (!this.isSparse) return true
    const packed = Buffer.alloc(denseBytes)
    const whole = eachRun(this.u8, this.start + headerBytes, this.start + this.size, (first, run, value) => {
      for (let i = first; i < first + run; i++) writeRegister(packed, 0, i, value)
    })
    if (!whole) return false
    this.look(editString(this.db!, this.entry, this.hash, headerBytes + denseBytes))
    this.u8.set(packed, this.start + headerBytes)
    this.u8[this.start + encodingAt] = dense
    return true
  }

  /** The count that is kept beside the registers, undefined when it must be found anew. */
  get knownCount(): number | bigint | undefined {
    const at = this.start + countAt
    if ((this.u8[at + 7]! & unknownBit) !== 0) return undefined
    const high = this.u8.readUInt32LE(at + 4)
    return high < 0x200000 ? high * 0x100000000 + this.u8.readUInt32LE(at) : this.u8.readBigUInt64LE(at)
  }

  keepCount(count: number): void {
    this.u8.writeUInt32LE(count >>> 0, this.start + countAt)
    this.u8.writeUInt32LE(Math.floor(count / 0x100000000), this.start + countAt + 4)
  }

  /** The registers changed: the kept count is no more right. */
  forgetCount(): void {
    this.u8[this.start + countAt + 7] = this.u8[this.start + countAt + 7]! | unknownBit
  }

  /** Counts from the registers; -1 when the value is damaged. */
  count(): number {
    counts.fill(0)
    const at = this.start + headerBytes
    if (this.isSparse) {
      counts[0] = registers
      const whole = eachRun(this.u8, at, this.start + this.size, (_, run, value) => {
        counts[value]! += run
        counts[0]! -= run
      })
      if (!whole) return -1
    } else countDense(this.u8, at, counts)
    return estimate(counts)
  }

  /** Raises each of `highest` to the register where that is more; false when the value is damaged. */
  mergeInto(highest: Uint8Array): boolean {
    const at = this.start + headerBytes
    if (!this.isSparse) {
      mergeDense(this.u8, at, highest)
      return true
    }
    return eachRun(this.u8, at, this.start + this.size, (first, run, value) => {
      for (let i = first; i < first + run; i++) if (value > highest[i]!) highest[i] = value
    })
  }

  /** Raises all registers to `highest`, none of which is lower than the register, in order. */
  raiseAll(highest: Uint8Array, bytesMax: number): void {
    for (let i = 0; i < registers && this.isSparse; i += 4) {
      if ((highest[i]! | highest[i + 1]! | highest[i + 2]! | highest[i + 3]!) === 0) continue
      for (let j = i; j < i + 4; j++) if (highest[j] !== 0) this.raise(j, highest[j]!, bytesMax)
    }
    if (!this.isSparse) packDense(this.u8, this.start + headerBytes, highest)
  }

  register(index: number): number {
    return readRegister(this.u8, this.start + headerBytes, index)
  }

  decode(): string {
    return decodeSparse(this.u8, this.start + headerBytes, this.start + this.size)
  }

  /** Remembers the bytes as they are, for `restore`. */
  save(): void {
    this.saved = Buffer.from(this.u8.subarray(this.start, this.start + this.size))
  }

  restore(): void {
    this.look(editString(this.db!, this.entry, this.hash, this.saved.length))
    this.u8.set(this.saved, this.start)
  }

  private applyPlan(growth: number): void {
    const planned = this.start
    const end = this.size
    if (growth > 0) this.look(editString(this.db!, this.entry, this.hash, end + growth))
    const moved = this.start - planned
    const size = apply(this.u8, this.start + end, moved) - this.start
    setRoot(this.db!.arena, this.entry, size)
    this.size = size
  }

  private look(entry: number): void {
    const { arena } = this.db!
    this.entry = entry
    this.u8 = arena.u8[chunkOf(entry)]!
    this.start = valueStart(arena, entry)
    this.size = rootOf(arena, entry)
  }
}

/** Estimates from registers that stand alone, a byte each: the union of several. */
export function countRegisters(highest: Uint8Array): number {
  counts.fill(0)
  for (let i = 0; i < registers; i += 4) {
    const [a, b, c, d] = [highest[i]!, highest[i + 1]!, highest[i + 2]!, highest[i + 3]!]
    // In a union of sparse ones most registers are empty.
    if ((a | b | c | d) === 0) counts[0]! += 4
    else {
      counts[a]!++
      counts[b]!++
      counts[c]!++
      counts[d]!++
    }
  }
  return estimate(counts)
}
