// ZRANGE in all its forms, the older commands that it stands for, and ZRANGESTORE.
// https://redis.io/docs/latest/commands/zrange/

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { packed } from '../types/zset.ts'
import type { Zset } from '../types/zset.ts'
import {
  isWithinMembers, isWithinScores, memberBounds, scoreBounds, seekByMember, seekByScore, skipItems,
} from './zset-bounds.ts'
import { openZset, replyItem, storeResult, wrong } from './zset-key.ts'

const ofRanks = 0
const ofScores = 1
const ofMembers = 2

/** The range that is being read. */
const range = {
  kind: ofRanks,
  backward: false,
  withScores: false,
  offset: 0,
  /** Negative: no limit. */
  limit: -1,
  first: 0,
  last: 0,
}

export function zrange(x: Engine, a: Args, r: Reply): void {
  begin(ofRanks, false)
  if (parseOptions(a, r, 4, true, false)) run(x, a, r, 1)
}

export function zrevrange(x: Engine, a: Args, r: Reply): void {
  begin(ofRanks, true)
  if (parseOptions(a, r, 4, false, false)) run(x, a, r, 1)
}

export function zrangebyscore(x: Engine, a: Args, r: Reply): void {
  begin(ofScores, false)
  if (parseOptions(a, r, 4, false, false)) run(x, a, r, 1)
}

export function zrevrangebyscore(x: Engine, a: Args, r: Reply): void {
  begin(ofScores, true)
  if (parseOptions(a, r, 4, false, false)) run(x, a, r, 1)
}

export function zrangebylex(x: Engine, a: Args, r: Reply): void {
  begin(ofMembers, false)
  if (parseOptions(a, r, 4, false, false)) run(x, a, r, 1)
}

export function zrevrangebylex(x: Engine, a: Args, r: Reply): void {
  begin(ofMembers, true)
  if (parseOptions(a, r, 4, false, false)) run(x, a, r, 1)
}

export function zrangestore(x: Engine, a: Args, r: Reply): void {
  begin(ofRanks, false)
  if (!parseOptions(a, r, 5, true, true) || !parseBounds(a, r, 3)) return
  const entry = openZset(x, a, 2, r, false)
  if (entry === wrong) return
  const { zset, zsetResult, settings } = x
  zsetResult.create(packed)
  if (entry !== 0 && enter(zset)) {
    let left = range.limit
    do {
      if (left-- === 0) break
      zset.read()
      const { buf, from, to } = zset
      zsetResult.find(buf, from, to)
      zsetResult.insert(zset.score, buf, from, to, settings.zsetPackEntriesMax, settings.zsetPackValueBytesMax)
    } while (goOn(zset))
  }
  storeResult(x, a, 1, r, 'zrangestore')
}

function begin(kind: number, backward: boolean): void {
  range.kind = kind
  range.backward = backward
  range.withScores = false
  range.offset = 0
  range.limit = -1
}

/** The options from argument i on; `free`: those that say what kind of range it is are among them. */
function parseOptions(a: Args, r: Reply, i: number, free: boolean, stores: boolean): boolean {
  let kind = -1
  let backward = false
  for (; i < a.count; i++) {
    if (!stores && a.is(i, 'WITHSCORES')) range.withScores = true
    else if (a.is(i, 'LIMIT') && i + 2 < a.count) {
      range.offset = a.int(i + 1)
      range.limit = a.int(i + 2)
      if (Number.isNaN(range.offset) || Number.isNaN(range.limit)) {
        r.error(replies.notInteger)
        return false
      }
      i += 2
    } else if (free && !backward && a.is(i, 'REV')) backward = true
    else if (free && kind < 0 && a.is(i, 'BYSCORE')) kind = ofScores
    else if (free && kind < 0 && a.is(i, 'BYLEX')) kind = ofMembers
    else {
      r.error(replies.syntax)
      return false
    }
  }
  if (kind >= 0) range.kind = kind
  if (backward) range.backward = true
  if (range.limit !== -1 && range.kind === ofRanks) {
    r.error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX')
    return false
  }
  if (range.withScores && range.kind === ofMembers) {
    r.error('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
    return false
  }
  return true
}

/** The two bounds from argument i on: by score and by member the far end comes first when it goes backward. */
function parseBounds(a: Args, r: Reply, i: number): boolean {
  const min = range.backward ? i + 1 : i
  const max = range.backward ? i : i + 1
  if (range.kind === ofScores) return scoreBounds(a, min, max, r)
  if (range.kind === ofMembers) return memberBounds(a, min, max, r)
  range.first = a.int(i)
  range.last = a.int(i + 1)
  if (!Number.isNaN(range.first) && !Number.isNaN(range.last)) return true
  r.error(replies.notInteger)
  return false
}

function run(x: Engine, a: Args, r: Reply, key: number): void {
  if (!parseBounds(a, r, key + 1)) return
  const entry = openZset(x, a, key, r, false)
  if (entry === wrong) return
  const { zset } = x
  if (entry === 0 || !enter(zset)) {
    r.array(0)
    return
  }
  const { withScores } = range
  const pairs = r.resp === 3
  const width = withScores && !pairs ? 2 : 1
  if (range.kind === ofRanks) {
    const count = range.last - range.first + 1
    r.array(count * width)
    zset.reply(r, count, range.backward, withScores)
    return
  }
  const mark = r.beginArray()
  const most = range.limit < 0 ? Infinity : range.limit
  let found = 0
  while (found < most) {
    replyItem(r, zset, withScores, pairs)
    if (++found === most || !goOn(zset)) break
  }
  r.endArray(mark, found * width)
}

/** Goes to the first item of the range, behind those that LIMIT skips; false when there is none. */
function enter(zset: Zset): boolean {
  const { backward, offset } = range
  if (range.kind === ofRanks) {
    if (!settleRanks(zset.count)) return false
    if (range.first === 0) return backward ? zset.last() : zset.first()
    return zset.item(backward ? zset.count - 1 - range.first : range.first)
  }
  if (offset !== 0 && (offset < 0 || offset >= zset.count)) return false
  if (range.kind === ofScores) {
    if (!seekByScore(zset, backward)) return false
    return offset === 0 || (skipItems(zset, offset, backward) && isWithinScores(zset, backward))
  }
  if (!seekByMember(zset, backward)) return false
  // Where scores differ an item that is skipped may end the range.
  for (let left = offset; left > 0; left--) if (!goOn(zset)) return false
  return true
}

/** Makes ranks from either end count from the first; false when they hold nothing. `limit` then counts the items. */
function settleRanks(count: number): boolean {
  if (range.first < 0) range.first = Math.max(0, range.first + count)
  if (range.last < 0) range.last += count
  range.last = Math.min(range.last, count - 1)
  range.limit = range.last - range.first + 1
  return range.first <= range.last && range.first < count
}

function advance(zset: Zset): boolean {
  return range.backward ? zset.prev() : zset.next()
}

/** Goes to the next item of the range; false at its end. */
function goOn(zset: Zset): boolean {
  if (!advance(zset)) return false
  if (range.kind === ofScores) return isWithinScores(zset, range.backward)
  return range.kind === ofRanks || isWithinMembers(zset, range.backward)
}
