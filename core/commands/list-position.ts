// LPOS: https://redis.io/docs/latest/commands/lpos/

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { readList, wrong } from './list-key.ts'
import { negatable } from './list.ts'

const rankZero = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative " +
  'to start from the end of the list'

/** The parsed LPOS that is being executed. */
const options = { rank: 1, count: -1, most: 0 }

function parseOptions(a: Args, r: Reply): boolean {
  options.rank = 1
  options.count = -1
  options.most = 0
  for (let i = 3; i < a.count; i += 2) {
    if (i === a.count - 1) {
      r.error(replies.syntax)
      return false
    }
    if (a.is(i, 'RANK')) {
      options.rank = negatable(a, i + 1, r)
      if (Number.isNaN(options.rank)) return false
      if (options.rank === 0) {
        r.error(rankZero)
        return false
      }
    } else if (a.is(i, 'COUNT')) {
      options.count = a.int(i + 1)
      if (!(options.count >= 0)) {
        r.error("ERR COUNT can't be negative")
        return false
      }
    } else if (a.is(i, 'MAXLEN')) {
      options.most = a.int(i + 1)
      if (!(options.most >= 0)) {
        r.error("ERR MAXLEN can't be negative")
        return false
      }
    } else {
      r.error(replies.syntax)
      return false
    }
  }
  return true
}

export function lpos(x: Engine, a: Args, r: Reply): void {
  if (!parseOptions(a, r)) return
  const entry = readList(x, a, 1, r)
  if (entry === wrong) return
  const counted = options.count >= 0
  if (entry === 0) {
    if (counted) r.array(0)
    else r.nil()
    return
  }
  const mark = r.deferred()
  const matches = positions(x, a, r, counted ? options.count : 1)
  if (counted) r.setArray(mark, matches)
  else if (matches === 0) r.nil()
}

/** Writes the indexes of up to `wanted` matches (0: of all); returns how many. */
function positions(x: Engine, a: Args, r: Reply, wanted: number): number {
  const { list } = x
  const { length } = list
  const forward = options.rank > 0
  const limit = options.most === 0 ? length : Math.min(options.most, length)
  let skipped = Math.abs(options.rank) - 1
  let looked = 0
  let matches = 0
  list.lookFor(a.buf, a.start[2]!, a.end[2]!)
  if (forward) list.seek(0)
  else list.seekEnd()
  while (looked < limit) {
    const more = forward ? list.findNext(limit - looked) : list.findPrevious(limit - looked)
    looked += Math.abs(more)
    if (more <= 0) break
    if (forward) list.skip()
    if (skipped > 0) {
      skipped--
      continue
    }
    r.int(forward ? looked - 1 : length - looked)
    matches++
    if (matches === wanted) break
  }
  list.endFind()
  return matches
}
