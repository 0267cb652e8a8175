// ZRANDMEMBER and ZSCAN.

import type { Args } from '../args.ts'
import { formatDouble17 } from '../double.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { globMatch } from '../keyspace/glob.ts'
import { matchesAll } from '../keyspace/scan.ts'
import type { Random } from '../random.ts'
import type { Reply } from '../reply.ts'
import { treed } from '../types/zset.ts'
import { parseCursor } from './generic-scan.ts'
import { openZset, replyItem, wrong } from './zset-key.ts'

const scanCountDefault = 10
/** With scores the reply has twice as many parts. */
const halfMax = 2 ** 62

export function zrandmember(x: Engine, a: Args, r: Reply): void {
  const counted = a.count > 2
  let count = 1
  let withScores = false
  if (counted) {
    count = a.int(2)
    if (Number.isNaN(count)) {
      r.error(replies.notInteger)
      return
    }
    // The smallest integer has no opposite.
    if (count < -halfMax && a.int64(2) === -(2n ** 63n)) {
      r.error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807')
      return
    }
    withScores = a.count === 4 && a.is(3, 'WITHSCORES')
    if (a.count > 4 || (a.count === 4 && !withScores)) {
      r.error(replies.syntax)
      return
    }
    if (withScores && Math.abs(count) >= halfMax) {
      r.error(replies.outOfRange)
      return
    }
  }
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  if (!counted) {
    if (entry === 0) r.nil()
    else replyAt(x, r, below(x.random, x.zset.count), false)
    return
  }
  const size = entry === 0 ? 0 : x.zset.count
  if (count === 0 || size === 0) {
    r.array(0)
    return
  }
  const taken = count < 0 ? -count : Math.min(count, size)
  r.array(withScores && r.resp === 2 ? taken * 2 : taken)
  if (count < 0) {
    for (let left = taken; left > 0; left--) replyAt(x, r, below(x.random, size), withScores)
  } else if (taken === size) {
    // Redis gives the whole set from its end.
    x.zset.last()
    x.zset.reply(r, size, true, withScores)
  } else for (const rank of sample(x.random, size, taken)) replyAt(x, r, rank, withScores)
}

function replyAt(x: Engine, r: Reply, rank: number, withScores: boolean): void {
  x.zset.item(rank)
  replyItem(r, x.zset, withScores, r.resp === 3)
}

/** Uniform in 0 … n − 1. */
function below(random: Random, n: number): number {
  const limit = 0x100000000 - (0x100000000 % n)
  for (;;) {
    const drawn = random.u32()
    if (drawn < limit) return drawn % n
  }
}

/** `count` different ranks below `size`, every such set as likely as any other (R. Floyd's sampling). */
function sample(random: Random, size: number, count: number): Set<number> {
  const ranks = new Set<number>()
  for (let last = size - count; last < size; last++) {
    const rank = below(random, last + 1)
    ranks.add(ranks.has(rank) ? last : rank)
  }
  return ranks
}

export function zscan(x: Engine, a: Args, r: Reply): void {
  const cursor = parseCursor(a, 2)
  if (cursor === undefined) {
    r.error('ERR invalid cursor')
    return
  }
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  if (entry === 0) {
    r.array(2)
    r.text('0')
    r.array(0)
    return
  }
  let count = scanCountDefault
  let pattern: Buffer | undefined
  for (let i = 3; i < a.count; i += 2) {
    const more = i + 1 < a.count
    if (more && a.is(i, 'COUNT')) {
      count = a.int(i + 1)
      if (Number.isNaN(count) || count < 1) {
        r.error(Number.isNaN(count) ? replies.notInteger : replies.syntax)
        return
      }
    } else if (more && a.is(i, 'MATCH')) {
      const given = a.copy(i + 1)
      pattern = matchesAll(given) ? undefined : given
    } else {
      r.error(replies.syntax)
      return
    }
  }
  step(x, r, cursor, count, pattern)
}

function step(x: Engine, r: Reply, cursor: number, count: number, pattern: Buffer | undefined): void {
  const { zset } = x
  r.array(2)
  const mark = r.deferred()
  let found = 0
  const next = cursor > 0xffffffff ? 0 : zset.scan(cursor, count, () => {
    const { buf, from, to } = zset
    if (pattern !== undefined && !globMatch(pattern, 0, pattern.length, buf, from, to)) return
    r.bulk(buf, from, to)
    // Redis prints all digits here where it walks its hash table, and the stored text where it walks a listpack.
    if (zset.form === treed) r.text(formatDouble17(zset.score))
    else scoreText(r, zset.score)
    found += 2
  })
  r.setArray(mark, found)
  r.insert(mark, `$${String(next).length}\r\n${next}\r\n`)
}

/** A score as a bulk string in either protocol. */
function scoreText(r: Reply, score: number): void {
  const { resp } = r
  r.resp = 2
  r.number(score)
  r.resp = resp
}
