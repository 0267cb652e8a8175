// The patterns of SORT's BY and GET: a key's name with `*` where an element goes, and maybe `->field` of a hash at that
// key. As in Redis a pattern ends at a NUL when `*` and `->` are looked for.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { typeOf, types, rootOf, valueStart } from '../keyspace/entry.ts'
import { chunkOf } from '../arena/arena.ts'
import { readHashField } from './hash-key.ts'

const star = 42
const hash = 35
const dash = 45
const arrow = 62

export class SortPattern {
  /** `#`: the element itself. */
  readonly isElement: boolean
  /** Without a `*` a pattern names nothing. */
  readonly isConstant: boolean
  /** What `find` found: `buf[from..to)`, until the next call. */
  buf: Uint8Array
  from: number
  to: number
  private readonly prefix: Buffer
  private readonly postfix: Buffer
  private readonly field: Buffer | undefined
  private key: Buffer

  constructor(a: Args, i: number) {
    const pattern = a.copy(i)
    const zero = pattern.indexOf(0)
    const end = zero < 0 ? pattern.length : zero
    const at = pattern.subarray(0, end).indexOf(star)
    this.isElement = end === 1 && pattern[0] === hash
    this.isConstant = at < 0
    const place = at < 0 ? end : at
    this.prefix = pattern.subarray(0, place)
    const field = fieldStart(pattern, place + 1, end)
    this.field = field === 0 ? undefined : pattern.subarray(field)
    this.postfix = pattern.subarray(place + 1, field === 0 ? pattern.length : field - 2)
    this.key = Buffer.alloc(64)
    this.buf = this.key
    this.from = 0
    this.to = 0
  }

  /** Finds what the pattern names for the element `bytes[from..to)`; false when there is nothing. */
  find(x: Engine, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.isElement) {
      this.buf = bytes
      this.from = from
      this.to = to
      return true
    }
    if (this.isConstant) return false
    const size = this.compose(bytes, from, to)
    const { key, field } = this
    const { db, arena } = x
    const entry = db.lookupRead(key, 0, size, db.hash(key, 0, size))
    if (entry === 0) return false
    if (field !== undefined) {
      if (!readHashField(x, entry, field, 0, field.length)) return false
      this.buf = x.hash.buf
      this.from = x.hash.from
      this.to = x.hash.to
      return true
    }
    if (typeOf(arena, entry) !== types.string) return false
    this.buf = arena.u8[chunkOf(entry)]!
    this.from = valueStart(arena, entry)
    this.to = this.from + rootOf(arena, entry)
    return true
  }

  /** Writes the key's name for an element; returns its length. */
  private compose(bytes: Uint8Array, from: number, to: number): number {
    const { prefix, postfix } = this
    const size = prefix.length + (to - from) + postfix.length
    if (size > this.key.length) this.key = Buffer.alloc(size * 2)
    this.key.set(prefix)
    this.key.set(bytes.subarray(from, to), prefix.length)
    this.key.set(postfix, prefix.length + to - from)
    return size
  }
}

/** Where the field behind `->` begins, 0 when there is none. */
function fieldStart(pattern: Buffer, from: number, end: number): number {
  for (let i = from; i + 2 < end; i++) if (pattern[i] === dash && pattern[i + 1] === arrow) return i + 2
  return 0
}
