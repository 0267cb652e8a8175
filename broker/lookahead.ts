// Pipelines over many keys: what the look-ups of the next commands will read is read ahead of them, all at once (see
// core/arena/dict-warm.ts). Framing and hashing them twice costs a tenth of what that gains.

import { Args } from '../core/args.ts'
import { warm, warmKeysMax } from '../core/arena/dict-warm.ts'
import type { Keyspace } from '../core/keyspace/keyspace.ts'
import type { RequestParser } from './resp/request-parser.ts'

/** Fewer keys stay in the caches by themselves. */
const keysMin = 1 << 15
/** Fewer commands gain nothing. */
const commandsMin = 4

export class Lookahead {
  /** What was read; of no use but that reads whose result is used are not optimised away. */
  sum: number
  private readonly args: Args
  private readonly from: Int32Array
  private readonly to: Int32Array

  constructor() {
    this.sum = 0
    this.args = new Args()
    this.from = new Int32Array(warmKeysMax)
    this.to = new Int32Array(warmKeysMax)
  }

  /** Warms the keys of the next commands; returns after how many commands it is worth calling again. */
  warm(parser: RequestParser, db: Keyspace): number {
    if (db.count < keysMin) return Infinity
    const { args, from, to } = this
    const n = parser.peek(args, from, to)
    if (n < commandsMin) return Infinity
    this.sum ^= warm(db.dict, args.buf, from, to, n)
    return n
  }
}
