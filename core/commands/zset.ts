// ZREM, and what asks a sorted set for its size, scores and ranks.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies, wrongArity } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { openZset, storeRest, wrong, zsetChanged } from './zset-key.ts'

export function zrem(x: Engine, a: Args, r: Reply): void {
  const entry = openZset(x, a, 1, r, true)
  if (entry === wrong) return
  let removed = 0
  if (entry !== 0) {
    const { zset } = x
    for (let i = 2; i < a.count && zset.count > 0; i++) {
      if (!zset.find(a.buf, a.start[i]!, a.end[i]!)) continue
      zset.removeFound()
      removed++
    }
  }
  if (removed > 0) {
    zsetChanged(x, a, 1, 'zrem', removed)
    storeRest(x, a, 1, entry)
  }
  r.int(removed)
}

export function zcard(x: Engine, a: Args, r: Reply): void {
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  r.int(entry === 0 ? 0 : x.zset.count)
}

export function zscore(x: Engine, a: Args, r: Reply): void {
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  if (entry !== 0 && x.zset.find(a.buf, a.start[2]!, a.end[2]!)) r.number(x.zset.score)
  else r.nil()
}

export function zmscore(x: Engine, a: Args, r: Reply): void {
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) {
    if (entry !== 0 && x.zset.find(a.buf, a.start[i]!, a.end[i]!)) r.number(x.zset.score)
    else r.nil()
  }
}

export function zrank(x: Engine, a: Args, r: Reply): void {
  rank(x, a, r, false)
}

export function zrevrank(x: Engine, a: Args, r: Reply): void {
  rank(x, a, r, true)
}

function rank(x: Engine, a: Args, r: Reply, backward: boolean): void {
  const withScore = a.count > 3
  if (a.count > 4) {
    r.error(wrongArity(backward ? 'zrevrank' : 'zrank'))
    return
  }
  if (withScore && !a.is(3, 'WITHSCORE')) {
    r.error(replies.syntax)
    return
  }
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  const { zset } = x
  if (entry === 0 || !zset.find(a.buf, a.start[2]!, a.end[2]!)) {
    if (withScore) r.nilArray()
    else r.nil()
    return
  }
  if (withScore) r.array(2)
  const before = zset.rank()
  r.int(backward ? zset.count - 1 - before : before)
  if (withScore) r.number(zset.score)
}
