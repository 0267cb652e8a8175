// Sets, in the three encodings that Redis has, converted where Redis 7.4 converts:
//
//   intset     few integers: an IntSet
//   listpack   few short members: a Pack, in the order in which they came
//   hashtable  all others: a Dict of members
//
// A MemberSet is opened on one set after another. Members go in and out as bytes; `first` and `next` walk over them,
// `pick` goes to a random one: the current member is then `buf[from..to)`, until the next call or change. Functions
// here change the view only; logging, events and replies are the commands' part.

import { chunkOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { copyMember, createMember, memberLength, memberStart } from '../arena/dict-key.ts'
import { findSame } from '../arena/dict-same.ts'
import { DictWalk } from '../arena/dict-walk.ts'
import { Dict } from '../arena/dict.ts'
import type { DictSeed } from '../arena/dict.ts'
import { Pack } from '../arena/pack.ts'
import type { Form } from '../keyspace/entry.ts'
import type { Settings } from '../settings.ts'
import { formatInt64, int64, int64Digits, parseInt64Words } from './int64.ts'
import { IntSet } from './intset.ts'

/** How a set's entry numbers its encodings. */
export const setForms = { intset: 0, pack: 1, dict: 2 } as const

const noBytes = new Uint8Array(0)
/** An intset holds no more than this, whatever the settings say, as in Redis. */
const intsetEntriesMax = 2 ** 30

export class MemberSet {
  root: number
  form: Form
  /** The current member's bytes. */
  buf: Uint8Array
  from: number
  to: number
  /** Its hash, in a hashtable. */
  hash: number
  /** Its place: an index of the intset, an offset of the pack, an entry of the dict. */
  place: number
  readonly ints: IntSet
  readonly pack: Pack
  readonly dict: Dict
  readonly walk: DictWalk
  private readonly arena: Arena
  private readonly settings: Settings

  constructor(arena: Arena, seed: DictSeed, settings: Settings) {
    this.root = 0
    this.form = setForms.intset
    this.buf = noBytes
    this.from = 0
    this.to = 0
    this.hash = 0
    this.place = 0
    this.ints = new IntSet(arena)
    this.pack = new Pack(arena)
    this.dict = new Dict(arena, seed, 0, 'member')
    this.arena = arena
    this.settings = settings
    this.walk = new DictWalk(arena)
  }

  /** Turns to the set at `root`, encoded as `form` says. */
  open(root: number, form: Form): this {
    this.root = root
    this.form = form
    if (form === setForms.dict) this.dict.root = root
    else if (form === setForms.pack) this.pack.root = root
    else this.ints.root = root
    return this
  }

  /** Turns to a new empty set of that encoding; `members`: how many a hashtable is to hold. */
  create(form: Form, members = 0): this {
    return this.open(form === setForms.dict ? this.dict.create(members).root : 0, form)
  }

  /** True when so many members need a hashtable, whatever they are. */
  needsDict(members: number): boolean {
    return members > this.settings.setPackEntriesMax && members > this.settings.setIntsetEntriesMax
  }

  /** As `create`, in the encoding that suits the first member and the number of members that are to come. */
  createFor(buf: Uint8Array, from: number, to: number, members: number): this {
    if (members <= this.settings.setIntsetEntriesMax && parseInt64Words(buf, from, to)) {
      return this.create(setForms.intset)
    }
    return this.create(members <= this.settings.setPackEntriesMax ? setForms.pack : setForms.dict)
  }

  get size(): number {
    if (this.form === setForms.dict) return this.dict.count
    return this.form === setForms.pack ? this.pack.count : this.ints.count
  }

  has(buf: Uint8Array, from: number, to: number): boolean {
    if (this.form === setForms.dict) {
      const { dict } = this
      return dict.find(buf, from, to, dict.hash(buf, from, to)) !== 0
    }
    if (this.form === setForms.pack) return this.pack.find(this.pack.first(), 0, buf, from, to) !== 0
    return parseInt64Words(buf, from, to) && this.ints.find(int64[0]!, int64[1]!)
  }

  /** True when the other's current member is here too; its bytes need not be loaded. */
  hasCurrentOf(other: MemberSet): boolean {
    if (other.form === this.form) {
      if (this.form === setForms.dict) return findSame(this.arena, this.root, other.place, other.hash) !== 0
      if (this.form === setForms.intset) return this.ints.find(other.ints.high, other.ints.low)
    }
    other.load()
    return this.has(other.buf, other.from, other.to)
  }

  /** Many members are about to be added: what can't hold them is converted at once, as in Redis. */
  expect(members: number): void {
    const { settings } = this
    if (this.form === setForms.pack && members > settings.setPackEntriesMax) this.toDict()
    else if (this.form === setForms.intset && members > settings.setIntsetEntriesMax) this.toDict()
  }

  /** Adds a member; false when it is there already. */
  add(buf: Uint8Array, from: number, to: number): boolean {
    if (this.form === setForms.dict) {
      const { dict } = this
      const hash = dict.hash(buf, from, to)
      if (dict.find(buf, from, to, hash) !== 0) return false
      dict.insert(hash, createMember(this.arena, buf, from, to))
      return true
    }
    if (this.form === setForms.intset && parseInt64Words(buf, from, to)) return this.addInt64(int64[0]!, int64[1]!)
    if (this.form === setForms.pack && this.has(buf, from, to)) return false
    this.addAbsent(buf, from, to)
    return true
  }

  /** Adds the other's current member, whose bytes need not be loaded; false when it is there already. */
  addCurrentOf(other: MemberSet): boolean {
    if (this.form !== setForms.dict || other.form !== setForms.dict) {
      other.load()
      return this.add(other.buf, other.from, other.to)
    }
    if (findSame(this.arena, this.root, other.place, other.hash) !== 0) return false
    this.dict.insert(other.hash, copyMember(this.arena, other.place))
    return true
  }

  /** Adds the other's current member, which is known to be absent. */
  addAbsentCurrentOf(other: MemberSet): void {
    if (this.form === setForms.dict && other.form === setForms.dict) {
      this.dict.insert(other.hash, copyMember(this.arena, other.place))
      return
    }
    other.load()
    this.addAbsent(other.buf, other.from, other.to)
  }

  /** Takes a member out; false when it isn't there. */
  remove(buf: Uint8Array, from: number, to: number): boolean {
    if (this.form === setForms.dict) {
      const { dict } = this
      const hash = dict.hash(buf, from, to)
      const member = dict.find(buf, from, to, hash)
      if (member === 0) return false
      dict.remove(hash, member)
      this.arena.free(member)
      return true
    }
    if (this.form === setForms.pack) {
      const at = this.pack.find(this.pack.first(), 0, buf, from, to)
      if (at === 0) return false
      this.pack.remove(at)
      this.root = this.pack.root
      return true
    }
    if (!parseInt64Words(buf, from, to) || !this.ints.remove(int64[0]!, int64[1]!)) return false
    this.root = this.ints.root
    return true
  }

  /** Takes the member at that place out. Places behind it in an intset or a pack move; those before it stay. */
  removeAt(place: number): void {
    if (this.form === setForms.dict) {
      this.dict.remove(this.dict.hashOf(place), place)
      this.arena.free(place)
    } else if (this.form === setForms.pack) {
      this.pack.remove(place)
      this.root = this.pack.root
    } else {
      this.ints.removeAt(place)
      this.root = this.ints.root
    }
  }

  // Walking. In order of value in an intset, of coming in a pack, of hash space in a dict.

  /** Goes to the first member; false when there is none. */
  first(): boolean {
    const more = this.firstPlace()
    if (more) this.load()
    return more
  }

  /** Goes to the next member; false behind the last. */
  next(): boolean {
    const more = this.nextPlace()
    if (more) this.load()
    return more
  }

  /** As `first`, but the bytes of a hashtable's member are left where they are until `load`. */
  firstPlace(): boolean {
    if (this.form === setForms.dict) {
      this.walk.start(this.root)
      return this.nextPlace()
    }
    if (this.size === 0) return false
    this.moveTo(this.form === setForms.pack ? this.pack.first() : 0)
    return true
  }

  /** As `next`, but the bytes of a hashtable's member are left where they are until `load`. */
  nextPlace(): boolean {
    if (this.form === setForms.dict) {
      this.place = this.walk.next()
      this.hash = this.walk.hash
      return this.place !== 0
    }
    if (this.form === setForms.pack) {
      const at = this.pack.next(this.place)
      if (at === 0) return false
      this.moveTo(at)
      return true
    }
    if (this.place + 1 === this.ints.count) return false
    this.moveTo(this.place + 1)
    return true
  }

  /** Points `buf`, `from` and `to` at the member that a walk over places came to. */
  load(): void {
    if (this.form === setForms.dict) this.moveTo(this.place)
  }

  /** Makes the member at that place the current one. */
  moveTo(place: number): void {
    this.place = place
    if (this.form === setForms.dict) {
      this.buf = this.arena.u8[chunkOf(place)]!
      this.from = memberStart(this.arena, place)
      this.to = this.from + memberLength(this.arena, place)
    } else if (this.form === setForms.pack) {
      const { pack } = this
      pack.read(place)
      this.buf = pack.buf
      this.from = pack.from
      this.to = pack.to
    } else {
      const { ints } = this
      ints.read(place)
      this.buf = int64Digits
      this.from = formatInt64(ints.high, ints.low)
      this.to = int64Digits.length
    }
  }

  // Conversions.

  /** Makes a set an intset, if its members are all integers and one may hold as many. */
  toIntset(): void {
    if (this.form === setForms.intset || this.size > this.intsetMax) return
    for (let more = this.first(); more; more = this.next()) {
      if (!parseInt64Words(this.buf, this.from, this.to)) return
    }
    const { ints } = this
    ints.root = 0
    for (let more = this.first(); more; more = this.next()) {
      parseInt64Words(this.buf, this.from, this.to)
      ints.add(int64[0]!, int64[1]!)
    }
    this.become(setForms.intset, ints.root)
  }

  /** Makes a hashtable a pack, if one may hold its members. */
  toPack(): void {
    const { settings, pack } = this
    if (this.form !== setForms.dict || this.size > settings.setPackEntriesMax) return
    for (let more = this.first(); more; more = this.next()) {
      if (this.to - this.from > settings.setPackValueBytesMax) return
    }
    pack.root = 0
    for (let more = this.first(); more; more = this.next()) pack.append(this.buf, this.from, this.to)
    this.become(setForms.pack, pack.root)
  }

  /** Frees all. */
  free(): void {
    if (this.form === setForms.dict) this.dict.destroy((member) => this.arena.free(member))
    else if (this.form === setForms.pack) this.pack.clear()
    else this.ints.clear()
    this.root = 0
  }

  private get intsetMax(): number {
    return Math.min(this.settings.setIntsetEntriesMax, intsetEntriesMax)
  }

  private addInt64(high: number, low: number): boolean {
    const { ints } = this
    if (!ints.add(high, low)) return false
    this.root = ints.root
    if (ints.count > this.intsetMax) this.toDict()
    return true
  }

  private addAbsent(buf: Uint8Array, from: number, to: number): void {
    const { settings } = this
    if (this.form === setForms.intset) {
      if (parseInt64Words(buf, from, to)) {
        this.addInt64(int64[0]!, int64[1]!)
        return
      }
      if (this.intsetFitsPack()) this.intsetToPack()
      else this.toDict()
    }
    if (this.form === setForms.pack) {
      if (this.pack.count < settings.setPackEntriesMax && to - from <= settings.setPackValueBytesMax) {
        this.pack.append(buf, from, to)
        this.root = this.pack.root
        return
      }
      this.toDict()
    }
    const { dict } = this
    dict.insert(dict.hash(buf, from, to), createMember(this.arena, buf, from, to))
  }

  /** As far as the integers go: a pack takes no more members and no longer ones than its bounds. */
  private intsetFitsPack(): boolean {
    const { ints, settings } = this
    const count = ints.count
    if (count >= settings.setPackEntriesMax) return false
    if (count === 0) return true
    let digitsMax = 0
    for (const index of [0, count - 1]) {
      ints.read(index)
      digitsMax = Math.max(digitsMax, int64Digits.length - formatInt64(ints.high, ints.low))
    }
    return digitsMax <= settings.setPackValueBytesMax
  }

  private intsetToPack(): void {
    const { pack } = this
    pack.root = 0
    for (let more = this.first(); more; more = this.next()) pack.append(this.buf, this.from, this.to)
    this.become(setForms.pack, pack.root)
  }

  private toDict(): void {
    const dict = this.dict.create()
    for (let more = this.first(); more; more = this.next()) {
      dict.insert(dict.hash(this.buf, this.from, this.to), createMember(this.arena, this.buf, this.from, this.to))
    }
    this.become(setForms.dict, dict.root)
  }

  /** Frees the present encoding and turns to the one that was made of its members. */
  private become(form: Form, root: number): void {
    this.free()
    this.open(root, form)
  }
}
