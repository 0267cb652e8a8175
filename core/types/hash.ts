// Hashes, in three forms that clients know of: a pack of fields and values; the same with a deadline behind each value,
// once a field was given one; and a table for what is large. They change at the same points as in redis-server 7.4. But
// a few fields with long values, a hashtable to clients, stay a pack all the same: it is read in one stretch of memory.
//
//   listpack     ┌ field │ value │ field │ value │ … ┐
//   listpackex   ┌ field │ value │ deadline │ … ┐      deadline: unix ms, 0 for none; what is due first stands first,
//                                                     fields without a deadline stand last
//   hashtable    see hash-table.ts
//   longpack     as listpack, up to some fields and bytes
//
// A hash without fields has no key. One Hash object is opened on one hash after another; after a change its owner
// stores `root` and `form` again. Deadlines need no more than 46 bits.

import type { Arena } from '../arena/arena.ts'
import { byteOf, chunkOf } from '../arena/arena.ts'
import type { DictSeed } from '../arena/dict.ts'
import { elementBytes, integerAt } from '../arena/pack-element.ts'
import { Pack } from '../arena/pack.ts'
import { deadlineOf, headerBytes, keyLength, rootOf, valueStart } from '../keyspace/entry.ts'
import type { Form } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { FieldTable } from './hash-table.ts'
import { replyElement } from './pack-reply.ts'

/** Forms of a hash's entry. */
export const hashForms = { listpack: 0, listpackex: 1, hashtable: 2, longpack: 3 } as const
/** What OBJECT ENCODING answers, by form. */
export const hashEncodings = ['listpack', 'listpackex', 'hashtable', 'hashtable'] as const
/** Most fields of a longpack, and about its most bytes: a table looks a field up in the time that these take. */
const longFieldsMax = 32
const longBytesMax = 4096

/** Deadlines are at most this, as in Redis. */
export const fieldDeadlineMax = 2 ** 46 - 1

const noBytes = new Uint8Array(0)

/** Gets a field, its value and its deadline in unix ms (-1 for none). The bytes are good until the next call. */
export type FieldVisitor = (
  field: Uint8Array, from: number, to: number, value: Uint8Array, start: number, end: number, deadlineMs: number,
) => void

export class Hash {
  readonly arena: Arena
  readonly pack: Pack
  readonly table: FieldTable
  root: number
  form: Form
  /** Fields whose deadline is at or before this are hidden; -1 hides none. */
  horizon: number
  /** Earliest deadline when the hash was opened, -1 for none. */
  dated: number
  /** The field that was found or added last: an offset in the pack, or an entry of the table; 0 for none. */
  at: number
  /** What `readValue` found: `buf[from..to)`, until the next call or change. */
  buf: Uint8Array
  from: number
  to: number
  /** Reads the values in walks, while `pack` holds the field's bytes. */
  private readonly values: Pack
  /** Hash of the field that was looked for last, of a table. */
  private hash: number

  constructor(arena: Arena, seed: DictSeed) {
    this.arena = arena
    this.pack = new Pack(arena)
    this.table = new FieldTable(arena, seed)
    this.root = 0
    this.form = hashForms.listpack
    this.horizon = -1
    this.dated = -1
    this.at = 0
    this.buf = noBytes
    this.from = 0
    this.to = 0
    this.values = new Pack(arena)
    this.hash = 0
  }

  /** Turns to a hash; `horizon`: fields that are due by then are hidden, -1 for none (replay, copies). */
  open(root: number, form: Form, horizon: number): this {
    this.root = root
    this.form = form
    this.horizon = horizon
    this.at = 0
    if (form === hashForms.hashtable) this.table.open(root)
    else this.pack.open(root)
    this.dated = form === hashForms.listpack || form === hashForms.longpack ? -1 : this.earliest()
    return this
  }

  /** Turns to a new hash without fields. */
  create(): this {
    return this.open(0, hashForms.listpack, -1)
  }

  /** True when some fields are hidden. */
  get hides(): boolean {
    return this.dated >= 0 && this.dated <= this.horizon
  }

  /** Number of fields, the hidden ones among them. */
  get total(): number {
    if (this.form === hashForms.hashtable) return this.table.dict.count
    return this.form === hashForms.listpackex ? this.pack.count / 3 : this.pack.count >>> 1
  }

  /** Number of fields that are not hidden. */
  get count(): number {
    return this.hides ? this.total - this.dueCount(this.horizon) : this.total
  }

  // Looking.

  /** True, and the field is the current one, when it is there and not hidden. */
  find(buf: Uint8Array, from: number, to: number): boolean {
    if (!this.findAny(buf, from, to)) return false
    if (this.dated >= 0 && this.isHidden()) this.at = 0
    return this.at !== 0
  }

  /** As `find`, also for a hidden field. */
  findAny(buf: Uint8Array, from: number, to: number): boolean {
    if (this.form === hashForms.hashtable) {
      const dict = this.table.dict
      this.hash = dict.hash(buf, from, to)
      this.at = dict.find(buf, from, to, this.hash)
    } else this.at = this.pack.find(this.pack.first(), this.stride - 1, buf, from, to)
    return this.at !== 0
  }

  /** True when the current field is hidden. */
  isHidden(): boolean {
    const ms = this.deadline()
    return ms >= 0 && ms <= this.horizon
  }

  /** Points `buf`, `from` and `to` at the current field's value. */
  readValue(): void {
    if (this.form === hashForms.hashtable) {
      const entry = this.at
      this.buf = this.arena.u8[chunkOf(entry)]!
      this.from = valueStart(this.arena, entry)
      this.to = this.from + rootOf(this.arena, entry)
      return
    }
    const pack = this.pack
    pack.read(pack.next(this.at))
    this.buf = pack.buf
    this.from = pack.from
    this.to = pack.to
  }

  /** Writes the current field's value. */
  replyValue(r: Reply): void {
    if (this.form === hashForms.hashtable) {
      this.readValue()
      r.bulk(this.buf, this.from, this.to)
      return
    }
    const u8 = this.arena.u8[chunkOf(this.root)]!
    const field = byteOf(this.root) + this.at
    replyElement(r, u8, field + elementBytes(u8, field))
  }

  /** The current field's value in a pack, where it is an integer that a double holds exactly; else NaN. */
  packedInteger(): number {
    const u8 = this.arena.u8[chunkOf(this.root)]!
    const field = byteOf(this.root) + this.at
    return integerAt(u8, field + elementBytes(u8, field))
  }

  /** The field behind the one at `at` of a pack, 0 for none. */
  after(at: number): number {
    const pack = this.pack
    const value = pack.next(at)
    return pack.next(this.form === hashForms.listpackex ? pack.next(value) : value)
  }

  /** Points `buf`, `from` and `to` at the current field's own bytes. */
  readField(): void {
    if (this.form === hashForms.hashtable) {
      this.buf = this.arena.u8[chunkOf(this.at)]!
      this.from = byteOf(this.at) + headerBytes
      this.to = this.from + keyLength(this.arena, this.at)
      return
    }
    this.pack.read(this.at)
    this.buf = this.pack.buf
    this.from = this.pack.from
    this.to = this.pack.to
  }

  /** Visits all fields, hidden ones only with `all`; the hash must not change meanwhile. */
  each(visit: FieldVisitor, all = false): void {
    const arena = this.arena
    const least = all ? -1 : this.horizon
    if (this.form === hashForms.hashtable) {
      this.table.dict.each((entry) => {
        const ms = deadlineOf(arena, entry)
        if (ms >= 0 && ms <= least) return
        const u8 = arena.u8[chunkOf(entry)]!
        const from = byteOf(entry) + headerBytes
        const to = from + keyLength(arena, entry)
        visit(u8, from, to, u8, to, to + rootOf(arena, entry), ms)
      })
      return
    }
    const pack = this.pack
    const values = this.values.open(this.root)
    const dated = this.form === hashForms.listpackex
    for (let at = pack.first(); at !== 0;) {
      const value = pack.next(at)
      const deadline = dated ? pack.next(value) : 0
      const ms = dated ? pack.integer(deadline) || -1 : -1
      if (ms < 0 || ms > least) {
        pack.read(at)
        values.read(value)
        visit(pack.buf, pack.from, pack.to, values.buf, values.from, values.to, ms)
      }
      at = pack.next(dated ? deadline : value)
    }
  }

  // Changing. The bytes that are put in must not be the hash's own.

  /**
   * Stores a value under a field, which is the current one then. `keep`: its deadline stays, else it has none from now
   * on. True when the field is new. The form stays: see `prepare`.
   */
  set(
    field: Uint8Array, from: number, to: number, value: Uint8Array, start: number, end: number, keep = false,
  ): boolean {
    const found = this.findAny(field, from, to)
    if (found) {
      this.setValue(value, start, end)
      if (!keep && this.dated >= 0) this.setDeadline(-1)
    } else if (this.form === hashForms.hashtable) {
      this.at = this.table.add(this.hash, field, from, to, value, start, end)
    } else {
      const pack = this.pack
      this.at = pack.append(field, from, to)
      pack.append(value, start, end)
      if (this.form === hashForms.listpackex) pack.insertInteger(0, 0)
      this.root = pack.root
    }
    return !found
  }

  /** Gives the current field another value; its deadline stays. */
  setValue(value: Uint8Array, start: number, end: number): void {
    if (this.form === hashForms.hashtable) this.at = this.table.setValue(this.at, this.hash, value, start, end)
    else {
      const pack = this.pack
      pack.replace(pack.next(this.at), value, start, end)
      this.root = pack.root
    }
  }

  /** As `setValue` with an integer that a double holds exactly, in a pack. */
  setPackedInteger(value: number): void {
    this.pack.replaceInteger(this.pack.next(this.at), value)
    this.root = this.pack.root
  }

  /** Makes room in a pack for `bytes` bytes of fields and values that are set next; then `fit`. */
  reserve(bytes: number): void {
    if (this.form === hashForms.hashtable) return
    this.pack.reserve(bytes)
    this.root = this.pack.root
  }

  fit(): void {
    if (this.form === hashForms.hashtable) return
    this.pack.fit()
    this.root = this.pack.root
  }

  /** Takes the current field out. */
  remove(): void {
    if (this.form === hashForms.hashtable) this.table.remove(this.at, this.hash)
    else {
      this.pack.remove(this.at, this.stride)
      this.root = this.pack.root
    }
    this.at = 0
  }

  // Deadlines.

  /** The current field's deadline in unix ms, -1 for none. */
  deadline(): number {
    if (this.form === hashForms.hashtable) return deadlineOf(this.arena, this.at)
    return this.form === hashForms.listpackex ? this.packedDeadline(this.at) : -1
  }

  /** Gives the current field a deadline in unix ms, or takes it away (-1). The form must have deadlines: see `date`. */
  setDeadline(ms: number): void {
    if (this.form === hashForms.hashtable) {
      this.at = this.table.setDeadline(this.at, this.hash, ms)
      return
    }
    const pack = this.pack
    if (this.packedDeadline(this.at) === ms) return
    pack.replaceInteger(pack.next(pack.next(this.at)), Math.max(0, ms))
    let behind = ms < 0 ? 0 : pack.first()
    // The first field that is due later, or never.
    for (; behind !== 0; behind = this.after(behind)) {
      const other = this.packedDeadline(behind)
      if (behind !== this.at && (other < 0 || other > ms)) break
    }
    this.at = pack.move(this.at, 3, behind)
    this.root = pack.root
  }

  /** Earliest deadline, -1 when no field has one. */
  earliest(): number {
    if (this.form === hashForms.hashtable) return this.table.earliest()
    return this.form !== hashForms.listpackex || this.root === 0 ? -1 : this.packedDeadline(this.pack.first())
  }

  /** As `earliest`, of another hash than the one that is open. */
  earliestOf(root: number, form: Form): number {
    if (form === hashForms.hashtable) return this.table.earliest(root)
    if (form !== hashForms.listpackex || root === 0) return -1
    const values = this.values.open(root)
    return values.integer(values.at(2)) || -1
  }

  /** Goes to the field that is due first; there must be one. */
  firstDue(): void {
    if (this.form === hashForms.hashtable) {
      this.at = this.table.firstDue()
      this.hash = this.table.dict.hashOf(this.at)
    } else this.at = this.pack.first()
  }

  /** Number of fields whose deadline is at or before `ms`. */
  dueCount(ms: number): number {
    if (this.form === hashForms.hashtable) return this.table.dueCount(ms)
    if (this.form !== hashForms.listpackex) return 0
    let due = 0
    for (let at = this.pack.first(); at !== 0; at = this.after(at)) {
      const deadline = this.packedDeadline(at)
      if (deadline < 0 || deadline > ms) break
      due++
    }
    return due
  }

  // Forms.

  /**
   * Makes sure of a form that takes so many fields more, of so many bytes with their values. `packable`: their lengths,
   * and how many fields there are, leave it a listpack for Redis.
   */
  prepare(fields: number, bytes: number, packable: boolean): void {
    const { form } = this
    if (form === hashForms.hashtable || (packable && form !== hashForms.longpack)) return
    const few = this.total + fields <= longFieldsMax && this.pack.bytes + bytes <= longBytesMax
    if (few && form !== hashForms.listpackex) this.form = hashForms.longpack
    else this.tabulate()
  }

  /** Takes a form that has deadlines. */
  date(): void {
    if (this.form === hashForms.longpack) this.tabulate()
    if (this.form !== hashForms.listpack) return
    const pack = this.pack
    for (let at = pack.first(); at !== 0;) {
      at = pack.next(pack.next(at))
      if (at === 0) pack.insertInteger(0, 0)
      else at = pack.next(pack.insertInteger(at, 0))
    }
    this.root = pack.root
    this.form = hashForms.listpackex
    this.at = 0
  }

  /** Makes a pack a table. */
  tabulate(): void {
    if (this.form === hashForms.hashtable) return
    const { table } = this
    const before = this.root
    const root = table.create()
    this.each((field, from, to, value, start, end, ms) => {
      const hash = table.dict.hash(field, from, to)
      const entry = table.add(hash, field, from, to, value, start, end)
      if (ms >= 0) table.setDeadline(entry, hash, ms)
    }, true)
    if (before !== 0) this.arena.free(before)
    this.root = root
    this.form = hashForms.hashtable
    this.at = 0
  }

  /** Walks everything and throws where the books disagree. */
  check(): void {
    if (this.form === hashForms.hashtable) {
      this.table.check()
      return
    }
    const pack = this.pack
    pack.check()
    if (pack.count % this.stride !== 0) throw new Error('hash: a field is torn')
    if (this.form !== hashForms.listpackex) return
    let before = 0
    for (let at = pack.first(); at !== 0; at = this.after(at)) {
      const ms = this.packedDeadline(at)
      const next = ms < 0 ? Infinity : ms
      if (next < before) throw new Error('hash: deadlines out of order')
      before = next
    }
  }

  private get stride(): number {
    return this.form === hashForms.listpackex ? 3 : 2
  }

  private packedDeadline(at: number): number {
    const pack = this.pack
    const ms = pack.integer(pack.next(pack.next(at)))
    return ms === 0 ? -1 : ms
  }
}
