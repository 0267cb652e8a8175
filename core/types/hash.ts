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

import { buildPack } from '../arena/pack-build.ts'
import { HashView, hashForms } from './hash-view.ts'

// Who uses hashes needs nothing of hash-view.ts but these.
export { fieldDeadlineMax, hashEncodings, hashForms } from './hash-view.ts'

/** Most fields of a longpack, and about its most bytes: a table looks a field up in the time that these take. */
const longFieldsMax = 32
const longBytesMax = 4096

export class Hash extends HashView {
  // The bytes that are put in must not be the hash's own.

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

  /** Gives a hash without fields, a pack, all its fields and values at once: `buf[start[i]..end[i])`, first to last. */
  fill(buf: Uint8Array, start: Int32Array, end: Int32Array, first: number, last: number): void {
    this.root = buildPack(this.arena, buf, start, end, first, last)
    this.pack.open(this.root)
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
    this.hint = 0
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
    this.hint = 0
    this.root = pack.root
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
    this.hint = 0
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
}
