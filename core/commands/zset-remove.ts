// ZCOUNT, ZLEXCOUNT, and the removal of ranges.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import {
  countByMember, countByScore, isWithinMembers, isWithinScores, memberBounds, scoreBounds, seekByMember, seekByScore,
} from './zset-bounds.ts'
import { openZset, storeRest, wrong, zsetChanged } from './zset-key.ts'

export function zcount(x: Engine, a: Args, r: Reply): void {
  if (!scoreBounds(a, 2, 3, r)) return
  const entry = openZset(x, a, 1, r, false)
  if (entry !== wrong) r.int(entry === 0 ? 0 : countByScore(x.zset))
}

export function zlexcount(x: Engine, a: Args, r: Reply): void {
  if (!memberBounds(a, 2, 3, r)) return
  const entry = openZset(x, a, 1, r, false)
  if (entry !== wrong) r.int(entry === 0 ? 0 : countByMember(x.zset))
}

export function zremrangebyrank(x: Engine, a: Args, r: Reply): void {
  let first = a.int(2)
  let last = a.int(3)
  if (Number.isNaN(first) || Number.isNaN(last)) {
    r.error(replies.notInteger)
    return
  }
  const entry = openZset(x, a, 1, r, true)
  if (entry === wrong) return
  let removed = 0
  if (entry !== 0) {
    const { zset } = x
    const { count } = zset
    if (first < 0) first = Math.max(0, first + count)
    last = Math.min(last < 0 ? last + count : last, count - 1)
    let more = first <= last && zset.item(first)
    while (more && removed <= last - first) {
      more = zset.remove()
      removed++
    }
  }
  finish(x, a, r, entry, removed, 'zremrangebyrank')
}

export function zremrangebyscore(x: Engine, a: Args, r: Reply): void {
  if (!scoreBounds(a, 2, 3, r)) return
  const entry = openZset(x, a, 1, r, true)
  if (entry === wrong) return
  let removed = 0
  if (entry !== 0) {
    for (let more = seekByScore(x.zset, false); more; removed++) {
      more = x.zset.remove() && isWithinScores(x.zset, false)
    }
  }
  finish(x, a, r, entry, removed, 'zremrangebyscore')
}

export function zremrangebylex(x: Engine, a: Args, r: Reply): void {
  if (!memberBounds(a, 2, 3, r)) return
  const entry = openZset(x, a, 1, r, true)
  if (entry === wrong) return
  let removed = 0
  if (entry !== 0) {
    for (let more = seekByMember(x.zset, false); more; removed++) {
      more = x.zset.remove() && isWithinMembers(x.zset, false)
    }
  }
  finish(x, a, r, entry, removed, 'zremrangebylex')
}

function finish(x: Engine, a: Args, r: Reply, entry: number, removed: number, event: string): void {
  if (removed > 0) {
    zsetChanged(x, a, 1, event, removed)
    storeRest(x, a, 1, entry)
  }
  r.int(removed)
}
