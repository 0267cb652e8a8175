// A table of Lua: an array part for the keys 1, 2, 3 … and a hash part. Keys of the hash part never become property
// names, so that '__proto__' and 'constructor' are keys like any other.
//
// Where a script can tell how a table is laid out, it is laid out as Lua 5.1 does it: how many places the array part
// has decides which border `#t` finds in a table with holes, and which nodes the hash part has decides the order of
// pairs(), which cjson.encode and cmsgpack.pack show to everybody. Both follow from when Lua's tables grow, so growth
// is counted as Lua counts it (arraySize, hashSize), though memory is not laid out so:
//
//   array   the values of 1 … array.length, array.length ≤ arraySize; undefined where there is a hole
//   keys    the keys of the hash part in the order in which they came; one that is nil stays until the next growth
//   values  their values
//   slots   from key to index in keys, once there are more than a few
//   layout  when the hash part grew; node-order.ts makes the order of pairs() of it
import type { LuaCoroutine, LuaValue } from './value.ts'
import { Layout, layNodes, nodeOrder } from './node-order.ts'
import { arrayBitsMax, grownSizes, powerOfTwo } from './table-growth.ts'

export type LuaObject = LuaTable | LuaCoroutine

/** Up to so many keys are looked for one after the other. */
const scannedKeysMax = 8
/** What `seek` gives when nothing is left. */
export const endOfTable = -0x80000000

/**
 * Where the last key was found that `getString` was asked for. Generated code remembers it for each place in the
 * source and looks there first.
 */
export const lastSlot = { at: 0 }

export class LuaTable {
  array: LuaValue[]
  arraySize: number
  holes: boolean
  keys: LuaValue[]
  values: LuaValue[]
  slots: Map<LuaValue, number> | undefined
  hashSize: number
  /** Whether scripts may not change it: writes and setmetatable raise 'Attempt to modify a readonly table'. */
  readonly: boolean
  metatable: LuaTable | undefined
  /** Whether `keys` belongs to a constructor in the source; it is copied before it changes. */
  private keysShared: boolean
  /** Whether any of `keys` is a number. */
  private numbers: boolean
  /**
   * How many nodes there were when the first of `keys` came. Since then they were doubled when all were taken, unless
   * `layout` knows of another growth.
   */
  private hashSizeFirst: number
  private layout: Layout | undefined

  /**
   * A table with room for so many values of the array part and so many keys of the hash part, as Lua's constructors
   * make it.
   */
  constructor(arraySize = 0, hashKeys = 0) {
    this.array = []
    this.arraySize = arraySize
    this.holes = false
    this.keys = []
    this.values = []
    this.slots = undefined
    this.hashSize = hashKeys === 0 ? 0 : powerOfTwo(hashKeys)
    this.readonly = false
    this.metatable = undefined
    this.keysShared = false
    this.numbers = false
    this.hashSizeFirst = this.hashSize
    this.layout = undefined
  }

  /**
   * Makes this the table of a constructor whose keys are all written in the source. Both arrays are its own from now
   * on.
   */
  fillRecord(keys: LuaValue[], values: LuaValue[]): void {
    this.keys = keys
    this.keysShared = true
    this.values = values
  }

  /** Raw access; never asks a metatable. */
  get(key: LuaValue): LuaValue {
    if (typeof key === 'string') return this.getString(key)
    if (typeof key === 'number') return this.getIndex(key)
    const slot = this.slotOf(key)
    return slot < 0 ? undefined : this.values[slot]
  }

  getString(key: string): LuaValue {
    const slots = this.slots
    if (slots !== undefined) {
      const slot = slots.get(key)
      if (slot === undefined) return undefined
      lastSlot.at = slot
      return this.values[slot]
    }
    const keys = this.keys
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === key) {
        lastSlot.at = i
        return this.values[i]
      }
    }
    return undefined
  }

  getIndex(key: number): LuaValue {
    const i = key - 1
    if (i >>> 0 === i && i < this.array.length) return this.array[i]
    if (this.keys.length === 0) return undefined
    const slot = this.slotOf(key)
    return slot < 0 ? undefined : this.values[slot]
  }

  /** Raw write; the caller has refused nil and NaN as keys and looked at `readonly`. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') this.setIndex(key, value)
    else this.setHash(key, value)
  }

  setString(key: string, value: LuaValue): void {
    this.setHash(key, value)
  }

  setIndex(key: number, value: LuaValue): void {
    const i = key - 1
    const array = this.array
    if (i >>> 0 === i) {
      if (i < array.length) {
        if (value !== undefined) array[i] = value
        else this.clearIndex(i)
        return
      }
      if (i < this.arraySize) {
        if (value !== undefined) this.extendArray(i, value)
        return
      }
      if (i === array.length && this.hashSize === 0 && !this.holes && value !== undefined && i < 1 << arrayBitsMax) {
        this.arraySize = powerOfTwo(key)
        array.push(value)
        return
      }
    }
    this.setHash(key, value)
  }

  /** Appends at the border: what table.insert and the libraries need. */
  push(value: LuaValue): void {
    this.setIndex(this.length() + 1, value)
  }

  /** A border, the one that Lua finds: t[n] is not nil and t[n + 1] is. */
  length(): number {
    const used = this.array.length
    if (!this.holes && (used < this.arraySize || this.keys.length === 0)) return used
    let high = this.arraySize
    let low = 0
    if (high === 0 || (high <= used && this.array[high - 1] !== undefined)) {
      if (this.hashSize === 0) return high
      low = high
      for (high = low + 1; this.getIndex(high) !== undefined; high *= 2) low = high
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.getIndex(middle) === undefined) high = middle
      else low = middle
    }
    return low
  }

  /**
   * The cursor of the first pair at or after a cursor, or `endOfTable`. Cursors: i ≥ 0 is index i of the array part,
   * -n - 1 is the n-th node of the hash part; a traversal begins at 0 and goes on at `after(cursor)`.
   */
  seek(cursor: number): number {
    if (cursor >= 0) {
      const array = this.array
      for (let i = cursor; i < array.length; i++) if (array[i] !== undefined) return i
      cursor = -1
    }
    const order = this.nodes()
    for (let n = -cursor - 1; n < order.length; n++) if (this.values[order[n]!] !== undefined) return -n - 1
    return endOfTable
  }

  after(cursor: number): number {
    return cursor >= 0 ? cursor + 1 : cursor - 1
  }

  keyAt(cursor: number): LuaValue {
    return cursor >= 0 ? cursor + 1 : this.keys[this.nodes()[-cursor - 1]!]
  }

  valueAt(cursor: number): LuaValue {
    return cursor >= 0 ? this.array[cursor] : this.values[this.nodes()[-cursor - 1]!]
  }

  /** The cursor that stands after a key, or `endOfTable` if the table has no such key. nil is before the first. */
  cursorAfter(key: LuaValue): number {
    if (key === undefined) return 0
    if (typeof key === 'number') {
      const i = key - 1
      if (i >>> 0 === i && i < this.arraySize) return i + 1
    }
    const slot = this.slotOf(key)
    if (slot < 0) return endOfTable
    const order = this.nodes()
    const layout = this.layout!
    if (layout.places === undefined) {
      layout.places = new Int32Array(this.keys.length)
      for (let n = 0; n < order.length; n++) layout.places[order[n]!] = n
    }
    return -layout.places[slot]! - 2
  }

  /** Room for more values of the array part, as a constructor's list asks for it. */
  reserve(arraySize: number): void {
    if (arraySize > this.arraySize) this.resize(arraySize, this.hashSize)
  }

  private slotOf(key: LuaValue): number {
    if (this.slots !== undefined) return this.slots.get(key) ?? -1
    const keys = this.keys
    for (let i = 0; i < keys.length; i++) if (keys[i] === key) return i
    return -1
  }

  /** A key that is set to nil takes a node all the same, in Lua as here. */
  private setHash(key: LuaValue, value: LuaValue): void {
    const slot = this.slotOf(key)
    if (slot >= 0) {
      if (value === undefined && this.values[slot] !== undefined) this.trackNodes()
      this.values[slot] = value
    } else {
      if (value === undefined) this.trackNodes()
      this.insert(key, value)
    }
  }

  /**
   * From its first key that is nil until it grows, a table's nodes are followed one by one: such a key's node can be
   * taken.
   */
  private trackNodes(): void {
    const layout = this.ownLayout()
    layout.tracked ??= layNodes(this.keys, this.hashSizeFirst, layout.growth)
  }

  private ownLayout(): Layout {
    return (this.layout ??= new Layout())
  }

  private ownKeys(): void {
    if (!this.keysShared) return
    this.keys = this.keys.slice()
    this.keysShared = false
  }

  private insert(key: LuaValue, value: LuaValue): void {
    const tracked = this.layout?.tracked
    if (tracked !== undefined) {
      const holder = tracked.holder(key, this.keys.length)
      if (holder >= 0 && this.values[holder] === undefined) {
        tracked.replace(holder, key)
        this.slots?.delete(this.keys[holder])
        this.slots?.set(key, holder)
        this.ownKeys()
        this.keys[holder] = key
        this.values[holder] = value
        this.layout!.order = undefined
      } else if (tracked.insert(this.keys.length, key)) {
        this.append(key, value)
      } else {
        this.grow(key)
        this.set(key, value)
      }
    } else if (this.keys.length === this.hashSize) {
      if (typeof key === 'string' && this.arraySize === 0 && !this.numbers && this.layout?.growth === undefined) {
        // Nothing can go to the array part: what counting them would come to.
        this.hashSize = powerOfTwo(this.hashSize + 1)
        this.append(key, value)
        return
      }
      this.grow(key)
      this.set(key, value)
    } else {
      this.append(key, value)
    }
  }

  private append(key: LuaValue, value: LuaValue): void {
    const slot = this.keys.length
    if (this.keysShared) this.ownKeys()
    if (typeof key === 'number') this.numbers = true
    this.keys.push(key)
    this.values.push(value)
    if (this.layout !== undefined) this.layout.order = undefined
    if (this.slots !== undefined) this.slots.set(key, slot)
    else if (slot >= scannedKeysMax) {
      this.slots = new Map()
      for (let i = 0; i <= slot; i++) this.slots.set(this.keys[i], i)
    }
  }

  private extendArray(i: number, value: LuaValue): void {
    const array = this.array
    if (i > array.length) {
      this.holes = true
      while (array.length < i) array.push(undefined)
    }
    array.push(value)
  }

  private clearIndex(i: number): void {
    const array = this.array
    if (i < array.length - 1) {
      array[i] = undefined
      this.holes = true
      return
    }
    array.pop()
    while (array.length > 0 && array[array.length - 1] === undefined) array.pop()
    if (array.length === 0) this.holes = false
  }

  /** Every node is taken and one more key comes: Lua counts its keys and chooses new sizes for both parts. */
  private grow(key: LuaValue): void {
    const { arraySize, hashKeys } = grownSizes(this.array, this.keys, this.values, key)
    this.resize(arraySize, hashKeys)
  }

  private resize(arraySize: number, hashKeys: number): void {
    const hashSize = hashKeys === 0 ? 0 : powerOfTwo(hashKeys)
    if (this.keepsAll(arraySize, hashSize)) {
      this.arraySize = arraySize
      this.noteGrowth(hashSize)
      this.hashSize = hashSize
      return
    }

    const { array, keys, values } = this
    const order = this.nodes()
    this.array = array.slice(0, arraySize)
    this.holes = this.array.includes(undefined)
    while (this.array.length > 0 && this.array[this.array.length - 1] === undefined) this.array.pop()
    this.arraySize = arraySize
    this.keys = []
    this.values = []
    this.slots = undefined
    this.hashSize = hashSize
    this.keysShared = false
    this.numbers = false
    this.hashSizeFirst = hashSize
    this.layout = undefined
    for (let i = arraySize; i < array.length; i++) if (array[i] !== undefined) this.append(i + 1, array[i])
    for (let n = order.length - 1; n >= 0; n--) {
      const key = keys[order[n]!]
      const value = values[order[n]!]
      if (value === undefined) continue
      if (typeof key === 'number' && Number.isInteger(key) && key >= 1 && key <= arraySize) this.setIndex(key, value)
      else this.append(key, value)
    }
  }

  private noteGrowth(hashSize: number): void {
    const { layout } = this
    if (this.keys.length === 0) {
      this.hashSizeFirst = hashSize
      this.layout = undefined
      return
    }
    const doubles = this.keys.length === this.hashSize && hashSize === powerOfTwo(this.hashSize + 1)
    if (!doubles || layout?.growth !== undefined) {
      this.ownLayout().addGrowth(this.keys.length, hashSize, this.hashSizeFirst, this.hashSize)
    } else if (layout !== undefined) {
      layout.order = undefined
    }
  }

  /**
   * Whether a growth leaves every key where it is: nothing leaves the array part, nothing enters it, nothing dead is
   * dropped.
   */
  private keepsAll(arraySize: number, hashSize: number): boolean {
    if (this.layout?.tracked !== undefined || arraySize < this.array.length || hashSize < this.keys.length) return false
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i]
      if (this.values[i] === undefined || (typeof key === 'number' && key <= arraySize && key >= 1)) return false
    }
    return true
  }

  private nodes(): readonly number[] {
    const layout = this.ownLayout()
    if (layout.order === undefined) {
      layout.order = layout.tracked?.order() ?? nodeOrder(this.keys, this.hashSizeFirst, layout.growth)
      layout.places = undefined
    }
    return layout.order
  }
}

/** Whether a key is one that no table can have: NaN. (nil is the other.) */
export function isNaNKey(key: LuaValue): boolean {
  return typeof key === 'number' && key !== key
}
