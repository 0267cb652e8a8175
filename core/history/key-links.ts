// What the value of a key depends on: the entries that name it, and all that depended on, too, before they did. RENAME,
// SMOVE, ZUNIONSTORE and their like link keys, so a value may come from a key of another name, and so on.
//
// Keys that one entry names are joined to one set (union-find); what is asked for needs the sets that it is in, whole.
// That may be too much, never too little. A key is a 32-bit hash here: two of one hash are taken for one key, which
// joins their sets; they are needed or not together, so that nothing is folded half.
//
// Databases are followed by what they held at first, as SWAPDB exchanges their numbers (see touched-keys.ts).

import type { DictSeed } from '../arena/dict.ts'
import { hashBytes } from '../arena/hash.ts'
import { noteKeys } from '../checkpoint/effect-keys.ts'
import type { EffectSpec, KeyNotes } from '../checkpoint/effect-keys.ts'
import type { Entry } from '../log/reader.ts'
import { linkedKeysMax } from '../limits.ts'

/** Each of their keys gets or loses its value whatever the others hold. */
const apart = new Set(['del', 'unlink', 'mset'])

/** In place of a key: something that may need any key. */
const anyKey = 0

/** By number of database: which one of the old checkpoint stands there now. */
class Sources {
  private readonly sources: number[]

  constructor(databases: number) {
    this.sources = Array.from({ length: databases }, (_, db) => db)
  }

  of(db: number): number {
    return this.sources[db] ?? -1
  }

  swap(one: number, other: number): void {
    const source = this.sources[one]!
    this.sources[one] = this.sources[other]!
    this.sources[other] = source
  }
}

/** Learns from the entries of a stretch of the log which keys hang together. */
export class KeyLinks implements KeyNotes {
  /** Everything may be needed: a command that isn't known, or more linked keys than are followed. */
  private all: boolean
  private readonly databases: number
  private readonly seed: DictSeed
  private readonly sources: Sources
  private readonly parents: Map<number, number>
  /** Of the entry at hand: its first key, whether its keys are linked. */
  private first: number | undefined
  private links: boolean

  constructor(databases: number, seed: DictSeed) {
    this.all = false
    this.databases = databases
    this.seed = seed
    this.sources = new Sources(databases)
    this.parents = new Map()
    this.first = undefined
    this.links = true
  }

  note(entry: Entry, spec: EffectSpec | undefined): void {
    this.first = undefined
    this.links = spec === undefined || !apart.has(spec.name)
    noteKeys(this, entry, spec)
  }

  add(db: number, buf: Uint8Array, from: number, to: number): void {
    if (!this.links) return
    const key = keyHash(this.seed, this.sources.of(db), buf, from, to)
    if (this.first === undefined) this.first = key
    else this.join(this.first, key)
  }

  addAll(): void {
    if (this.first === undefined) this.all = true
    else this.join(this.first, anyKey)
  }

  swap(one: number, other: number): void {
    this.sources.swap(one, other)
  }

  flush(): void {}

  flushAll(): void {}

  /** What keys of database `db`, as it is numbered behind the stretch, depend on; undefined: on everything. */
  needsOf(db: number, names: readonly Buffer[]): NeededKeys | undefined {
    if (this.all) return undefined
    const source = this.sources.of(db)
    const wanted = new Set(names.map((name) => this.root(keyHash(this.seed, source, name, 0, name.length))))
    if (this.parents.has(anyKey) && wanted.has(this.root(anyKey))) return undefined
    const needed = new Set(wanted)
    for (const key of this.parents.keys()) if (wanted.has(this.root(key))) needed.add(key)
    return new NeededKeys(this.databases, this.seed, needed)
  }

  private join(one: number, other: number): void {
    if (one === other || this.all) return
    if (this.parents.size >= linkedKeysMax) {
      this.all = true
      this.parents.clear()
      return
    }
    const from = this.root(one)
    const to = this.root(other)
    this.parents.set(from, to)
    if (!this.parents.has(to)) this.parents.set(to, to)
  }

  private root(key: number): number {
    let at = key
    for (;;) {
      const parent = this.parents.get(at)
      if (parent === undefined || parent === at) return at
      const above = this.parents.get(parent)!
      if (above !== parent) this.parents.set(at, above)
      at = parent
    }
  }
}

/** The keys that count, of a checkpoint and of the entries behind it, which must be asked of in order. */
export class NeededKeys implements KeyNotes {
  private readonly seed: DictSeed
  private readonly sources: Sources
  private readonly keys: ReadonlySet<number>
  private hit: boolean

  constructor(databases: number, seed: DictSeed, keys: ReadonlySet<number>) {
    this.seed = seed
    this.sources = new Sources(databases)
    this.keys = keys
    this.hit = false
  }

  /** A key of the checkpoint's database `db` counts. */
  has(db: number, buf: Uint8Array, from: number, to: number): boolean {
    return this.keys.has(keyHash(this.seed, db, buf, from, to))
  }

  /** The entry must be folded. */
  needs(entry: Entry, spec: EffectSpec | undefined): boolean {
    this.hit = false
    noteKeys(this, entry, spec)
    return this.hit
  }

  add(db: number, buf: Uint8Array, from: number, to: number): void {
    if (!this.hit && this.keys.has(keyHash(this.seed, this.sources.of(db), buf, from, to))) this.hit = true
  }

  /** Whoever needs any key is linked with those that it names. */
  addAll(): void {}

  swap(one: number, other: number): void {
    this.sources.swap(one, other)
    this.hit = true
  }

  flush(): void {
    this.hit = true
  }

  flushAll(): void {
    this.hit = true
  }
}

function keyHash(seed: DictSeed, source: number, buf: Uint8Array, from: number, to: number): number {
  const hash = hashBytes(buf, from, to, seed.k0 ^ source, seed.k1) | 0
  return hash === anyKey ? 1 : hash
}
