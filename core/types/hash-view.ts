// Reading a hash: the fields of its packs or of its table, their values and deadlines. hash.ts adds the changes, and
// has the layouts.

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
/** Deadlines are at most this, as in Redis. */
export const fieldDeadlineMax = 2 ** 46 - 1

const noBytes = new Uint8Array(0)

/** Gets a field, its value and its deadline in unix ms (-1 for none). The bytes are good until the next call. */
export type FieldVisitor = (
  field: Uint8Array, from: number, to: number, value: Uint8Array, start: number, end: number, deadlineMs: number,
) => void

export class HashView {
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
  /** The field that was found last in a pack, 0 for none: the next one that a command names often stands behind it. */
  protected hint: number
  /** Hash of the field that was looked for last, of a table. */
  protected hash: number

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
    this.hint = 0
    this.hash = 0
  }

  /** Turns to a hash; `horizon`: fields that are due by then are hidden, -1 for none (replay, copies). */
  open(root: number, form: Form, horizon: number): this {
    this.root = root
    this.form = form
    this.horizon = horizon
    this.at = 0
    this.hint = 0
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
    } else this.at = this.findPacked(buf, from, to)
    return this.at !== 0
  }

  private findPacked(buf: Uint8Array, from: number, to: number): number {
    const { pack, hint } = this
    const skip = this.stride - 1
    let at = pack.find(hint === 0 ? pack.first() : hint, skip, buf, from, to)
    if (at === 0) {
      if (hint === 0) return 0
      at = pack.find(pack.first(), skip, buf, from, to, hint)
      if (at === 0) return 0
    }
    this.hint = at
    return at
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
    const { root, bytes } = this.pack
    const u8 = this.arena.u8[chunkOf(root)]!
    const base = byteOf(root)
    let byte = base + at
    byte += elementBytes(u8, byte)
    byte += elementBytes(u8, byte)
    if (this.form === hashForms.listpackex) byte += elementBytes(u8, byte)
    return byte - base === bytes ? 0 : byte - base
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

  // Deadlines.

  /** The current field's deadline in unix ms, -1 for none. */
  deadline(): number {
    if (this.form === hashForms.hashtable) return deadlineOf(this.arena, this.at)
    return this.form === hashForms.listpackex ? this.packedDeadline(this.at) : -1
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

  protected get stride(): number {
    return this.form === hashForms.listpackex ? 3 : 2
  }

  protected packedDeadline(at: number): number {
    const pack = this.pack
    const ms = pack.integer(pack.next(pack.next(at)))
    return ms === 0 ? -1 : ms
  }
}
