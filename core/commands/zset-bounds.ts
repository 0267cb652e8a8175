// Ranges of a sorted set by score or by member: their bounds as arguments, and the way from one end to the other.
//
// A range by member has a meaning only where all scores are alike. Where they aren't, it finds what Redis finds in a
// listpack, whichever encoding there is: the log must fold to the same state under other thresholds.

import type { Args } from '../args.ts'
import { parseBound } from '../double.ts'
import type { Reply } from '../reply.ts'
import { compareBytes } from '../types/zset-pack.ts'
import type { Zset } from '../types/zset.ts'

/** Skipping more items than this by a rank takes less time than walking. */
const walkMax = 16

/** The bounds that were parsed last; the numbers apart, so that they are never boxed. */
const scoreRange = new Float64Array(2)
const byScore = { minOpen: false, maxOpen: false }

/** An end of a range by member: 0 at the lowest of all, 2 at the highest, 1 at `buf[from..to)`. */
type MemberBound = { at: 0 | 1 | 2; open: boolean; buf: Uint8Array; from: number; to: number }
const memberBound = (): MemberBound => ({ at: 0, open: false, buf: new Uint8Array(0), from: 0, to: 0 })
const lowest = memberBound()
const highest = memberBound()

/** Parses arguments `min` and `max` as scores; writes the error and returns false when one is none. */
export function scoreBounds(a: Args, min: number, max: number, r: Reply): boolean {
  byScore.minOpen = isOpen(a, min)
  byScore.maxOpen = isOpen(a, max)
  scoreRange[0] = parseBound(a.buf, a.start[min]! + (byScore.minOpen ? 1 : 0), a.end[min]!)
  scoreRange[1] = parseBound(a.buf, a.start[max]! + (byScore.maxOpen ? 1 : 0), a.end[max]!)
  if (!Number.isNaN(scoreRange[0]!) && !Number.isNaN(scoreRange[1]!)) return true
  r.error('ERR min or max is not a float')
  return false
}

function isOpen(a: Args, i: number): boolean {
  return a.size(i) > 0 && a.buf[a.start[i]!] === 40
}

/** As `scoreBounds`, for members. */
export function memberBounds(a: Args, min: number, max: number, r: Reply): boolean {
  if (readBound(a, min, lowest) && readBound(a, max, highest)) return true
  r.error('ERR min or max not valid string range item')
  return false
}

function readBound(a: Args, i: number, bound: MemberBound): boolean {
  const sign = a.size(i) > 0 ? a.buf[a.start[i]!] : 0
  bound.open = sign === 40
  if (sign === 40 || sign === 91) {
    bound.at = 1
    bound.buf = a.buf
    bound.from = a.start[i]! + 1
    bound.to = a.end[i]!
    return true
  }
  bound.at = sign === 45 ? 0 : 2
  const alone = a.size(i) === 1 || a.buf[a.start[i]! + 1] === 0
  return (sign === 45 || sign === 43) && alone
}

/** Goes to the first item of the range, seen from its lower end, or from the upper one; false when it is empty. */
export function seekByScore(zset: Zset, backward: boolean): boolean {
  const { minOpen, maxOpen } = byScore
  const found = backward ? zset.seekScoreBack(scoreRange[1]!, maxOpen) : zset.seekScore(scoreRange[0]!, minOpen)
  return found && isWithinScores(zset, backward)
}

/** True when the walk is still within the range: the end it comes from needs no look. */
export function isWithinScores(zset: Zset, backward: boolean): boolean {
  const { score } = zset
  if (backward) return byScore.minOpen ? score > scoreRange[0]! : score >= scoreRange[0]!
  return byScore.maxOpen ? score < scoreRange[1]! : score <= scoreRange[1]!
}

/** Number of items in the range. */
export function countByScore(zset: Zset): number {
  const { minOpen, maxOpen } = byScore
  return Math.max(0, zset.countBelow(scoreRange[1]!, !maxOpen) - zset.countBelow(scoreRange[0]!, minOpen))
}

/** As `seekByScore`. */
export function seekByMember(zset: Zset, backward: boolean): boolean {
  if (isEmptyRange()) return false
  if (!zset.last() || !isAboveLowest(zset)) return false
  const top = zset.score
  if (!zset.first() || !isBelowHighest(zset)) return false
  const level = zset.score === top
  const found = backward ? seekHighest(zset, level) : seekLowest(zset, level)
  return found && isWithinMembers(zset, backward)
}

function seekLowest(zset: Zset, level: boolean): boolean {
  let more = level && lowest.at === 1 ? zset.seekMember(lowest.buf, lowest.from, lowest.to) : zset.first()
  while (more && !isAboveLowest(zset)) more = zset.next()
  return more
}

function seekHighest(zset: Zset, level: boolean): boolean {
  // Behind the first that is at or above the bound there is none that belongs to the range.
  const jumps = level && highest.at === 1 && zset.seekMember(highest.buf, highest.from, highest.to)
  let more = jumps || zset.last()
  while (more && !isBelowHighest(zset)) more = zset.prev()
  return more
}

export function isWithinMembers(zset: Zset, backward: boolean): boolean {
  return backward ? isAboveLowest(zset) : isBelowHighest(zset)
}

export function countByMember(zset: Zset): number {
  if (!seekByMember(zset, false)) return 0
  const first = zset.rank()
  const bottom = zset.first() ? zset.score : 0
  if (zset.last() && zset.score === bottom) return seekHighest(zset, true) ? zset.rank() + 1 - first : 0
  let count = 1
  for (zset.item(first); zset.next() && isBelowHighest(zset);) count++
  return count
}

function isEmptyRange(): boolean {
  if (lowest.at !== 1 || highest.at !== 1) return lowest.at > highest.at
  const order = compareBytes(lowest.buf, lowest.from, lowest.to, highest.buf, highest.from, highest.to)
  return order > 0 || (order === 0 && (lowest.open || highest.open))
}

function isAboveLowest(zset: Zset): boolean {
  if (lowest.at !== 1) return lowest.at === 0
  zset.read()
  const order = compareBytes(zset.buf, zset.from, zset.to, lowest.buf, lowest.from, lowest.to)
  return lowest.open ? order > 0 : order >= 0
}

function isBelowHighest(zset: Zset): boolean {
  if (highest.at !== 1) return highest.at === 2
  zset.read()
  const order = compareBytes(zset.buf, zset.from, zset.to, highest.buf, highest.from, highest.to)
  return highest.open ? order < 0 : order <= 0
}

/** Goes on by `count` items; false when there are not so many. */
export function skipItems(zset: Zset, count: number, backward: boolean): boolean {
  if (count > walkMax) return zset.item(backward ? zset.rank() - count : zset.rank() + count)
  let more = true
  for (let left = count; more && left > 0; left--) more = backward ? zset.prev() : zset.next()
  return more
}
