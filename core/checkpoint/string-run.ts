// Records of plain strings in a row: keys without deadlines, key and value as bytes behind a short length. Most of most
// files is that, and who gets many at once can look them up all at once.

import { lengths, rdbTypes } from './rdb-format.ts'

/** Most keys of a run. */
export const runKeysMax = 32

/** Record i: key `buf[keyFrom[i]..keyTo[i])`, value `buf[from[i]..end[i])`; the next record begins at `end[i]`. */
export class StringRun {
  buf: Buffer
  count: number
  readonly keyFrom: Int32Array
  readonly keyTo: Int32Array
  readonly from: Int32Array
  readonly end: Int32Array

  constructor() {
    this.buf = Buffer.alloc(0)
    this.count = 0
    this.keyFrom = new Int32Array(runKeysMax)
    this.keyTo = new Int32Array(runKeysMax)
    this.from = new Int32Array(runKeysMax)
    this.end = new Int32Array(runKeysMax)
  }

  /** Takes in what there is of such records from `buf[at]` on, whole ones before `buf[end]`. */
  read(buf: Buffer, at: number, end: number): void {
    this.buf = buf
    let count = 0
    while (count < runKeysMax && at + 2 < end && buf[at] === rdbTypes.string) {
      let keyFrom = at + 2
      let size = buf[at + 1]!
      if (size >= wide) {
        if (size >>> 6 !== lengths.middle) break
        size = ((size & 63) << 8) | buf[keyFrom++]!
      }
      const keyTo = keyFrom + size
      if (keyTo + 1 >= end) break
      let from = keyTo + 1
      size = buf[keyTo]!
      if (size >= wide) {
        if (size >>> 6 !== lengths.middle) break
        size = ((size & 63) << 8) | buf[from++]!
      }
      if (from + size > end) break
      this.keyFrom[count] = keyFrom
      this.keyTo[count] = keyTo
      this.from[count] = from
      at = from + size
      this.end[count++] = at
    }
    this.count = count
  }
}

/** From here on a length isn't one byte. */
const wide = 64
