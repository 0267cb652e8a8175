// ZADD and ZINCRBY.
// https://redis.io/docs/latest/commands/zadd/

import type { Args } from '../args.ts'
import { parseDouble } from '../double.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { packed, treed } from '../types/zset.ts'
import { createEntry, openZset, storeEntry, wrong, zsetChanged } from './zset-key.ts'

export const notNumber = 'ERR resulting score is not a number (NaN)'

export const onlyNew = 1
export const onlyOld = 2
const onlyGreater = 4
const onlyLess = 8
export const countChanged = 16
const increments = 32

/** The scores of the command at hand. */
let scores = new Float64Array(64)

export function zadd(x: Engine, a: Args, r: Reply): void {
  let flags = 0
  let first = 2
  for (; first < a.count; first++) {
    const flag = flagAt(a, first)
    if (flag === 0) break
    flags |= flag
  }
  const pairs = (a.count - first) / 2
  if (pairs === 0 || !Number.isInteger(pairs)) {
    r.error(replies.syntax)
    return
  }
  const conflict = conflictOf(flags, pairs)
  if (conflict !== '') r.error(conflict)
  else if (readScores(a, r, first, pairs)) addMembers(x, a, r, first + 1, 2, pairs, flags)
}

export function zincrby(x: Engine, a: Args, r: Reply): void {
  if (readScores(a, r, 2, 1)) addMembers(x, a, r, 3, 2, 1, increments)
}

function flagAt(a: Args, i: number): number {
  const size = a.size(i)
  if (size !== 2 && size !== 4) return 0
  // Scores rarely begin with a letter.
  if (a.buf[a.start[i]!]! < 65) return 0
  if (a.is(i, 'NX')) return onlyNew
  if (a.is(i, 'XX')) return onlyOld
  if (a.is(i, 'GT')) return onlyGreater
  if (a.is(i, 'LT')) return onlyLess
  if (a.is(i, 'CH')) return countChanged
  return a.is(i, 'INCR') ? increments : 0
}

/** What is wrong with these flags, '' when nothing is. */
function conflictOf(flags: number, pairs: number): string {
  const of = (mask: number): boolean => (flags & mask) === mask
  if (flags === 0) return ''
  if (of(onlyNew | onlyOld)) return 'ERR XX and NX options at the same time are not compatible'
  if (of(onlyGreater | onlyNew) || of(onlyLess | onlyNew) || of(onlyGreater | onlyLess)) {
    return 'ERR GT, LT, and/or NX options at the same time are not compatible'
  }
  return of(increments) && pairs > 1 ? 'ERR INCR option supports a single increment-element pair' : ''
}

/** Room for the scores of `count` members, which `addMembers` takes next. */
export function scoresFor(count: number): Float64Array {
  if (count > scores.length) scores = new Float64Array(count)
  return scores
}

/** Adds `count` members: the argument `first`, and every `stride`th from there. */
export function addMembers(
  x: Engine, a: Args, r: Reply, first: number, stride: number, count: number, flags: number,
): void {
  const found = openZset(x, a, 1, r, true)
  if (found === wrong) return
  const { zset, settings } = x
  const packEntriesMax = settings.zsetPackEntriesMax
  const packValueBytesMax = settings.zsetPackValueBytesMax
  if (found === 0) {
    if ((flags & onlyOld) !== 0) {
      if ((flags & increments) !== 0) r.nil()
      else r.int(0)
      return
    }
    zset.create(count <= packEntriesMax && a.size(first) <= packValueBytesMax ? packed : treed)
  } else if (zset.form === packed && count > packEntriesMax) zset.toTree()

  let added = 0
  let updated = 0
  let skipped = 0
  let score = 0
  for (let n = 0; n < count; n++) {
    const from = a.start[first + n * stride]!
    const to = a.end[first + n * stride]!
    score = scores[n]!
    if (!zset.find(a.buf, from, to)) {
      if ((flags & onlyOld) !== 0) {
        skipped++
        continue
      }
      zset.insert(score, a.buf, from, to, packEntriesMax, packValueBytesMax)
      added++
      continue
    }
    const before = zset.score
    if ((flags & onlyNew) !== 0) {
      skipped++
      continue
    }
    if ((flags & increments) !== 0) {
      score += before
      if (Number.isNaN(score)) {
        storeEntry(x, found, zset)
        r.error(notNumber)
        return
      }
    }
    const unwanted = ((flags & onlyLess) !== 0 && score >= before) || ((flags & onlyGreater) !== 0 && score <= before)
    if (unwanted) {
      skipped++
      continue
    }
    if (score !== before) {
      zset.change(score, a.buf, from, to)
      updated++
    }
  }

  if (found === 0) createEntry(x, a, 1, zset)
  else storeEntry(x, found, zset)
  if (added + updated > 0) {
    zsetChanged(x, a, 1, (flags & increments) !== 0 ? 'zincr' : 'zadd', added + updated)
    if (found === 0) x.ready(a.buf, a.start[1]!, a.end[1]!)
  }
  if ((flags & increments) === 0) r.int((flags & countChanged) !== 0 ? added + updated : added)
  else if (skipped > 0) r.nil()
  else r.number(score)
}

/** Reads all scores before anything changes; writes the error and returns false when one is no number. */
function readScores(a: Args, r: Reply, first: number, pairs: number): boolean {
  scoresFor(pairs)
  for (let n = 0; n < pairs; n++) {
    const i = first + n * 2
    const score = parseDouble(a.buf, a.start[i]!, a.end[i]!)
    if (Number.isNaN(score)) {
      r.error(replies.notFloat)
      return false
    }
    scores[n] = score
  }
  return true
}
