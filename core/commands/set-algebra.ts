// Several sets: SINTER, SUNION, SDIFF and their forms that store. A stored result doesn't depend on the order in which
// members are met, so that the command is its own effect.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import {
  buildDifference, buildIntersection, buildUnion, countIntersection, replyDifference, replyIntersection, replyUnion,
} from '../types/set-algebra.ts'
import { openSet, storeNothing, storeResult, wrong } from './set-key.ts'

/** What `openSets` found besides the number of sets. */
let missing = 0
/** The first of the keys has a set. */
let firstThere = false
/** A later key has the very set that the first has. */
let firstAgain = false

/** Opens the pool's operands on the sets at arguments `from` to `to`; returns how many there are, or `wrong`. */
function openSets(x: Engine, a: Args, from: number, to: number, r: Reply): number {
  let count = 0
  let first = 0
  missing = 0
  firstAgain = false
  for (let i = from; i < to; i++) {
    const entry = openSet(x, a, i, r, x.sets.operand(count), false)
    if (entry === wrong) return wrong
    if (i === from) first = entry
    else if (entry !== 0 && entry === first) firstAgain = true
    if (entry === 0) missing++
    else count++
  }
  firstThere = first !== 0
  return count
}

export function sinter(x: Engine, a: Args, r: Reply): void {
  const count = openSets(x, a, 1, a.count, r)
  if (count === wrong) return
  if (missing > 0) r.set(0)
  else replyIntersection(x.sets, count, r)
}

export function sinterstore(x: Engine, a: Args, r: Reply): void {
  const count = openSets(x, a, 2, a.count, r)
  if (count === wrong) return
  if (missing > 0) storeNothing(x, a, 1, r)
  else storeResult(x, a, 1, r, buildIntersection(x.sets, count), 'sinterstore')
}

export function sintercard(x: Engine, a: Args, r: Reply): void {
  const keys = a.int(1)
  if (!(keys >= 1)) {
    r.error('ERR numkeys should be greater than 0')
    return
  }
  if (keys > a.count - 2) {
    r.error('ERR Number of keys can\'t be greater than number of args')
    return
  }
  let limit = 0
  for (let i = 2 + keys; i < a.count; i += 2) {
    if (!a.is(i, 'LIMIT') || i + 1 === a.count) {
      r.error(replies.syntax)
      return
    }
    limit = a.int(i + 1)
    if (!(limit >= 0)) {
      r.error('ERR LIMIT can\'t be negative')
      return
    }
  }
  const count = openSets(x, a, 2, 2 + keys, r)
  if (count !== wrong) r.int(missing > 0 ? 0 : countIntersection(x.sets, count, limit))
}

export function sunion(x: Engine, a: Args, r: Reply): void {
  const count = openSets(x, a, 1, a.count, r)
  if (count !== wrong) replyUnion(x.sets, count, r)
}

export function sunionstore(x: Engine, a: Args, r: Reply): void {
  const count = openSets(x, a, 2, a.count, r)
  if (count !== wrong) storeResult(x, a, 1, r, buildUnion(x.sets, count), 'sunionstore')
}

export function sdiff(x: Engine, a: Args, r: Reply): void {
  const count = openSets(x, a, 1, a.count, r)
  if (count === wrong) return
  if (firstThere && !firstAgain) replyDifference(x.sets, count, r)
  else r.set(0)
}

export function sdiffstore(x: Engine, a: Args, r: Reply): void {
  const count = openSets(x, a, 2, a.count, r)
  if (count === wrong) return
  if (firstThere && !firstAgain) storeResult(x, a, 1, r, buildDifference(x.sets, count), 'sdiffstore')
  else storeNothing(x, a, 1, r)
}
