// How far in the master's stream the log is safe: the stream's offsets at positions of the log, oldest first. What a
// replica tells its master must not be lost with the process (and, for WAITAOF, with the machine).

type Place = { readonly position: number, offset: number }

export class Places {
  /** The last one that is known to be durable, and those behind it. */
  private readonly all: Place[]

  constructor(position: number, offset: number) {
    this.all = [{ position, offset }]
  }

  /** What the stream brought up to byte `offset` is in the log up to `position`, or will be. */
  add(position: number, offset: number): void {
    const last = this.all.at(-1)!
    if (last.position === position) last.offset = offset
    else this.all.push({ position, offset })
  }

  /** The last byte that lies at or before `position`; 0 when that is not known. */
  upTo(position: number): number {
    const place = this.all[this.indexOf(position)]!
    return place.position <= position ? place.offset : 0
  }

  /** Forgets what lies before `durable`. */
  trim(durable: number): void {
    const index = this.indexOf(durable)
    if (index > 0) this.all.splice(0, index)
  }

  private indexOf(position: number): number {
    let low = 0
    let high = this.all.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.all[middle]!.position <= position) low = middle
      else high = middle
    }
    return low
  }
}
