// The best candidates for eviction that sampling has met so far, in the order of their scores, as in Redis: with the
// few samples of each eviction, those of the evictions before count, too. A candidate is named by its hash and its
// block; whoever takes one asks the database's Dict whether it still holds that pair, so nothing here keeps a key
// alive.

/** How many candidates are kept. */
const poolMax = 16

export class EvictionPool {
  /** How many there are; the best is the last. */
  count: number
  readonly score: Float64Array
  readonly db: Int32Array
  readonly hash: Uint32Array
  readonly entry: Uint32Array

  constructor() {
    this.count = 0
    this.score = new Float64Array(poolMax)
    this.db = new Int32Array(poolMax)
    this.hash = new Uint32Array(poolMax)
    this.entry = new Uint32Array(poolMax)
  }

  /** True when a candidate of that score would be kept. */
  wants(score: number): boolean {
    return this.count < poolMax || score > this.score[0]!
  }

  /** Takes in a candidate that it `wants`; one that is full loses its worst. */
  add(score: number, db: number, hash: number, entry: number): void {
    for (let i = 0; i < this.count; i++) if (this.entry[i] === entry && this.db[i] === db) this.removeAt(i--)
    if (this.count === poolMax) this.removeAt(0)
    let at = this.count++
    for (; at > 0 && this.score[at - 1]! > score; at--) this.move(at - 1, at)
    this.score[at] = score
    this.db[at] = db
    this.hash[at] = hash
    this.entry[at] = entry
  }

  clear(): void {
    this.count = 0
  }

  private removeAt(at: number): void {
    this.count--
    for (let i = at; i < this.count; i++) this.move(i + 1, i)
  }

  private move(from: number, to: number): void {
    this.score[to] = this.score[from]!
    this.db[to] = this.db[from]!
    this.hash[to] = this.hash[from]!
    this.entry[to] = this.entry[from]!
  }
}
